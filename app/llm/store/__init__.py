"""The tables of thinking and all of their SQL."""
