"""What developers run: checks, the acceptance list, generated papers. Never shipped."""
