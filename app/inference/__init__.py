"""Models: which there are, how they get here, who holds them, where their work runs."""
