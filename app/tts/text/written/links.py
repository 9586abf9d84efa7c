"""Addresses: each part of one stands for its own place."""

import re

from app.tts.text.vocabulary import vocabulary
from app.tts.text.written.said import Said
from app.tts.text.written.tongue import Tongue

_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\s\w]|_")
_SCHEME = re.compile(r"(?i:https?://)")
_AS_WORDS = vocabulary("com org net edu gov info biz in co me us it es")
_VOWEL = re.compile("[aeiouyà-ÿ]", re.IGNORECASE)
_FEW_FIGURES = 4


def say_mail(found: re.Match[str], tongue: Tongue) -> list[Said]:
    return _say(found[0], found.start(), tongue)


def say_link(found: re.Match[str], tongue: Tongue) -> list[Said]:
    scheme = _SCHEME.match(found[0])
    skipped = scheme.end() if scheme else 0
    written = found[0][skipped:]
    written = written.removesuffix("/")
    return _say(written, found.start() + skipped, tongue)


def _say(written: str, offset: int, tongue: Tongue) -> list[Said]:
    signs = {
        ".": tongue.dot, "@": tongue.at, "/": tongue.slash, "-": tongue.dash,
        "_": tongue.underscore,
    }  # fmt: skip
    said: list[Said] = []
    for piece in _PIECE.finditer(written):
        begin, end = piece.start() + offset, piece.end() + offset
        text = piece[0]
        if text.isdigit():
            spoken = (
                tongue.digits(text)
                if len(text) > _FEW_FIGURES or text[0] == "0"
                else tongue.cardinal(int(text))
            )
        elif text[0].isalpha():
            is_word = bool(_VOWEL.search(text)) and (
                len(text) > (2 if written[piece.start() - 1 : piece.start()] == "." else 1)
                or text.lower() in _AS_WORDS
            )
            said.append(Said(text if is_word else text.upper(), begin, end, is_spelled=not is_word))
            continue
        else:
            spoken = signs.get(text) or tongue.symbols.get(text, "")
        said += [Said(word, begin, end) for word in spoken.split()]
    return said
