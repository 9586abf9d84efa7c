"""Figures, signs and abbreviations, as the words that say them."""
