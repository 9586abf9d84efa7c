"""Hotwords written as they were given: "loan tap" becomes "LoanTap", "e m i" becomes "EMI"."""

from collections.abc import Sequence

from app.asr.text.folding import bare, fold
from app.asr.text.words import Word, merge

MOST_WORDS = 6


def spell_hotwords(words: Sequence[Word], hotwords: Sequence[str]) -> list[Word]:
    """Words that together have the letters of a hotword become it; the longest run wins."""
    spellings = {letters: hotword for hotword in hotwords if (letters := _letters(hotword))}
    written: list[Word] = []
    at = 0
    while at < len(words):
        count, spelling = _match(words[at : at + MOST_WORDS], spellings)
        if spelling:
            said = words[at : at + count]
            lead, trail = bare(said[0].text)[0], bare(said[-1].text)[2]
            written.append(merge(said, f"{lead}{spelling}{trail}"))
        else:
            written.append(words[at])
        at += count
    return written


def _match(words: Sequence[Word], spellings: dict[str, str]) -> tuple[int, str]:
    best = (1, "")
    letters = ""
    for count, word in enumerate(words, start=1):
        _, core, trail = bare(word.text)
        letters += _letters(core)
        if letters in spellings:
            best = (count, spellings[letters])
        if trail:
            break
    return best


def _letters(text: str) -> str:
    """Without spaces and hyphens."""
    return fold("".join(char for char in text if not char.isspace() and char != "-"))
