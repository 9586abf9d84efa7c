"""Names as callers give them, alone or in a sentence."""

from app.asr.text.itn.tokens import Token
from app.calls.flows.hearing.utterance import Found, Utterance

_MOST_WORDS = 4
_TITLE_LETTERS = 3


def name(said: Utterance, *, is_asked: bool) -> Found | None:
    """After "my name is"; alone only where it was asked for."""
    words = said.words
    cues = words.names | words.names_if_asked if is_asked else words.names
    for _, _, end in said.places(cues):
        found = _begins(said, end)
        if found:
            return found
    if not is_asked:
        return None
    start = next((at for at, key in enumerate(said.keys) if key not in _polite(said)), 0)
    found = _begins(said, start)
    after = said.phrase.key(found.end) if found else ""
    is_whole = not after or after in words.no_names or after in words.fillers
    return found if is_whole else None


def _polite(said: Utterance) -> frozenset[str]:
    """Yes, hello, it's Ravi."""
    return said.words.yes | said.words.corrections | frozenset(("", "hello", "hi", "um", "uh"))


def _begins(said: Utterance, at: int) -> Found | None:
    end = at
    while end < min(len(said), at + _MOST_WORDS) and _is_of_name(said, end):
        end += 1
        if _ends_name(said.tokens[end - 1]):
            break
    letters = [token.text for token in said.tokens[at:end]]
    if not letters:
        return None
    if all(len(letter) == 1 for letter in letters):
        return _spelled(said, at)
    return Found(" ".join(text[:1].upper() + text[1:] for text in letters), at, end)


def _ends_name(token: Token) -> bool:
    """A comma does; the full stop of Mr. does not."""
    is_title = token.trail == "." and len(token.key) <= _TITLE_LETTERS
    return bool(token.trail) and not is_title


def _spelled(said: Utterance, at: int) -> Found | None:
    """R a v i."""
    end = at
    while end < len(said) and len(said.keys[end]) == 1 and said.keys[end].isalpha():
        end += 1
    return Found("".join(said.keys[at:end]).capitalize(), at, end) if end - at > 2 else None


def _is_of_name(said: Utterance, at: int) -> bool:
    key = said.keys[at]
    is_word = any(map(str.isalpha, key)) and not any(map(str.isdecimal, key))
    is_digit = key in said.phrase.lexicon.digit_words
    return is_word and not is_digit and key not in said.words.no_names
