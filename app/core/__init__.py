"""Mechanisms everybody uses. Knows nothing of the product."""
