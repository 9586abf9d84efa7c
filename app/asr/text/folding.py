"""When two spellings are one word, and what of a word is punctuation around it."""

import unicodedata

_LEAD = "\"'“‘«([{¿¡"  # noqa: RUF001 - quotation marks of many scripts
_TRAIL = "\"'”’»)]}.,!?;:…।॥，。！？"  # noqa: RUF001
_NUKTA, _CHANDRABINDU, _ANUSVARA = "\u093c", "\u0901", "\u0902"
_JOINERS = "\u200b\u200c\u200d"
_FOLDING = str.maketrans({_NUKTA: None, _CHANDRABINDU: _ANUSVARA, **dict.fromkeys(_JOINERS)})


def fold(text: str) -> str:
    """Equal for the spellings of one word: case, nukta and chandrabindu do not count."""
    lowered = unicodedata.normalize("NFD", text.casefold().replace("\u2019", "'"))
    return unicodedata.normalize("NFC", lowered.translate(_FOLDING))


def bare(text: str) -> tuple[str, str, str]:
    """A word parted from what stands before and after it: `("` word `."`."""
    core = text.lstrip(_LEAD)
    lead = text[: len(text) - len(core)]
    word = core.rstrip(_TRAIL)
    return lead, word, core[len(word) :]


def key(text: str) -> str:
    """A word to look up: folded, without punctuation."""
    return fold(bare(text)[1])


def vocabulary(words: str) -> frozenset[str]:
    return frozenset(map(fold, words.split()))
