"""The door to inverse text normalization: words in, words as they are written out."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from app.asr.text.itn import addresses, amounts, calendar, clock, plain
from app.asr.text.itn.english import english
from app.asr.text.itn.hindi import hindi
from app.asr.text.itn.lexicon import Lexicon
from app.asr.text.itn.phrase import Phrase, Rule
from app.asr.text.itn.tokens import Piece, cut, join
from app.asr.text.words import Word

LANGUAGES = ("en", "hi")
_LEXICONS = {"en": english, "hi": hindi}

# The longest find at a place wins; among equals the first of these.
_RULES: tuple[Rule, ...] = (
    addresses.email,
    addresses.url,
    plain.idiom,
    amounts.money,
    amounts.percent,
    amounts.measure,
    calendar.date,
    clock.time,
    plain.code,
    plain.shared_scale,
    calendar.year,
    plain.approximate,
    calendar.ordinal,
    plain.cardinal,
)
_IN_DIGITS = re.compile(r"\d[\d,.]*")


class Normalizer:
    """Of one language. Words that no rule touches come back as they were."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._known = {
            *lexicon.below_hundred,
            *lexicon.tens,
            *lexicon.hundreds,
            *lexicon.scales,
            *lexicon.ordinals,
        }

    def normalize(self, words: Sequence[Word]) -> list[Word]:
        written: list[Word] = []
        for tokens in cut(words, self._known, self._lexicon.scales):
            phrase = Phrase(tokens, self._lexicon)
            written += join(words, tokens, self._alike(phrase, _pieces(phrase)))
        return written

    def _alike(self, phrase: Phrase, pieces: list[Piece]) -> list[Piece]:
        """Small numbers become digits where the number they stand with has them: 5 to 10."""
        pairs = _pairs(phrase, pieces, self._lexicon)
        for first, second in (*pairs, *reversed(pairs)):
            for small, other in ((first, second), (second, first)):
                is_beside = abs(small - other) == 1
                if pieces[small].digits and _is_written(pieces[other], is_beside=is_beside):
                    text = pieces[small].digits
                    pieces[small] = replace(pieces[small], text=text, digits="", is_number=True)
        return pieces


@cache
def normalizer(language: str) -> Normalizer | None:
    """For "en", "en-IN", "hi" and so on; None where there are no rules."""
    lexicon = _LEXICONS.get(language.partition("-")[0].lower())
    return Normalizer(lexicon()) if lexicon else None


def normalize(words: Sequence[Word], language: str) -> list[Word]:
    found = normalizer(language)
    return found.normalize(words) if found else list(words)


def _pieces(phrase: Phrase) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    while at < len(phrase):
        finds = [found for rule in _RULES if (found := rule(phrase, at))]
        best = max(finds, key=lambda found: found[-1].end, default=[phrase.as_said(at, at + 1)])
        pieces += best
        at = best[-1].end
    return pieces


def _pairs(phrase: Phrase, pieces: Sequence[Piece], lexicon: Lexicon) -> list[tuple[int, int]]:
    """Pieces that stand side by side, or with a word between that joins numbers."""
    is_between = "between" in phrase.keys
    pairs: list[tuple[int, int]] = []
    for index in range(len(pieces) - 1):
        pairs.append((index, index + 1))
        for gap in (1, 2):
            other = index + gap + 1
            if other >= len(pieces):
                break
            joiner = " ".join(phrase.keys[pieces[index].end : pieces[other].first])
            if joiner in lexicon.joiners or (is_between and joiner in lexicon.ands):
                pairs.append((index, other))
    return pairs


def _is_written(piece: Piece, *, is_beside: bool) -> bool:
    """An amount ends what is counted: "five hundred rupees do" ends with "give"."""
    return bool(_IN_DIGITS.fullmatch(piece.text)) or (piece.is_number and not is_beside)
