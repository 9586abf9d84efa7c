"""What recognition tells beside words: the labels, and what tells them from the words."""
