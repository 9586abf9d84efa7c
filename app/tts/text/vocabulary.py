"""Sets of words, written as text."""


def vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())
