"""What is done with recognized words before a client sees them. Pure: no model, no file written."""
