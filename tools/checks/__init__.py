"""Rules that no linter on the shelf can say. Each module offers `check(tree)`, changing nothing."""
