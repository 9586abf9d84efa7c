"""What was meant by words or keys: the values that slots are filled with. Pure."""
