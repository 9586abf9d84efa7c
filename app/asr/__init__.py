"""Hearing: where there is speech, and what is said."""
