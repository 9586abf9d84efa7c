"""The telephone company: calls made and redirected, numbers, callbacks. Knows no agent."""
