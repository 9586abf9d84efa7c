"""The command line: parses, calls, prints. What it does is somebody else's function."""
