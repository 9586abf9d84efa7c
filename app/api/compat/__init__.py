"""The speech APIs of others, so that their clients come over by changing a URL."""
