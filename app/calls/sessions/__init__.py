"""Calls under way: what hears, thinks and speaks in them, and the record of each."""
