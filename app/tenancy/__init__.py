"""Organizations, their keys and their rules: who is who, and what each may reach."""
