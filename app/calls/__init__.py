"""Calls: who answers them, what is said, and what became of them."""
