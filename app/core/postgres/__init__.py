"""The PostgreSQL server that Parley carries with it, kept under the data directory."""
