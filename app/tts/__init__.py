"""Speaking: text in, speech out, with the times of its words."""
