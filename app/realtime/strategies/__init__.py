"""What a conversation may have or do without: small units, switched agent by agent."""
