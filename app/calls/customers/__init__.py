"""Customers: with whom an organization speaks."""
