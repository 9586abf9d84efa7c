"""Measurements of `./parley bench`: ratios against a baseline of the same run. No product code."""
