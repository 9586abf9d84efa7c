"""Dialogue graphs: answers that are written down beforehand, where no language model is wanted."""
