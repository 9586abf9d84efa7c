"""Words that fill time: which of a speaker's words they are, and the words without them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from app.asr.text.folding import fold, key
from app.asr.text.words import Word

_SOUNDS = {
    "en": "um umm uh uhh uhm er erm err ah eh hm hmm mm mmm",
    "hi": "um umm uh hmm उम उम्म अम अम्म आं हम्म एर्र",
}
_ENDS = tuple(".?!।")
# Two words that fill, unless a word follows that they govern: you know *what* he said.
_PAIRS: Mapping[str, Mapping[tuple[str, str], str]] = {
    "en": {
        ("you", "know"): "what how that who why where when which it the this if about him her them "
        "me us your my his their a an of nothing everything something better",
        ("i", "mean"): "it that the this what to you him her no business by",
    },
    "hi": {},
}


@cache
def _sounds(language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in _SOUNDS.get(language, "").split())


def find_fillers(words: Sequence[Word], language: str) -> list[bool]:
    """Of each word, whether it fills."""
    main = language.partition("-")[0].lower()
    keys = [key(word.text) for word in words]
    found = [word in _sounds(main) for word in keys]
    for index in range(len(keys) - 1):
        governed = _PAIRS.get(main, {}).get((keys[index], keys[index + 1]))
        following = keys[index + 2] if index + 2 < len(keys) else ""
        if governed is None:
            continue
        has_meaning = following in governed.split() or _is_asked(keys, index)
        if not has_meaning or _is_set_off(words, index):
            found[index] = found[index + 1] = True
    return found


def without_fillers(words: Sequence[Word], language: str) -> list[Word]:
    """What a filler ended, the word before it ends."""
    kept: list[Word] = []
    for word, fills in zip(words, find_fillers(words, language), strict=True):
        if not fills:
            kept.append(word)
        elif kept and word.text[-1:] in _ENDS and kept[-1].text[-1:] not in _ENDS:
            text = kept[-1].text.rstrip(",") + word.text[-1]
            kept[-1] = replace(kept[-1], text=text)
    return kept


def _is_set_off(words: Sequence[Word], index: int) -> bool:
    """Between two commas."""
    return index > 0 and all(words[at].text.endswith((",", "…")) for at in (index - 1, index + 1))


def _is_asked(keys: Sequence[str], index: int) -> bool:
    """Do you know; what do you mean; as you know."""
    before = keys[index - 1] if index else ""
    return before in ("do", "did", "does", "don't", "if", "as", "let", "would", "should", "what")
