"""From text as it is written to what is said."""
