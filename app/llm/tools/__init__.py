"""What models may do beside speaking: typed tools, and the loop that calls them."""
