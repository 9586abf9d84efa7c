"""Inverse text normalization: numbers, dates, money and addresses as they are written."""
