"""Thinking: one small layer over any language model, and what is built on it alone."""
