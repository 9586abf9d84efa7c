"""A phrase as the rules see it, and what they find in it."""

from collections.abc import Callable, Container, Sequence

from app.asr.text.itn.lexicon import Lexicon
from app.asr.text.itn.numbers import Number, NumberReader, plain, write
from app.asr.text.itn.tokens import Piece, Token


class Phrase:
    def __init__(self, tokens: Sequence[Token], lexicon: Lexicon) -> None:
        self.tokens = tokens
        self.lexicon = lexicon
        self.keys = [token.key for token in tokens]
        self.numbers = NumberReader(lexicon, self.keys)

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, at: int) -> str:
        return self.keys[at] if 0 <= at < len(self.keys) else ""

    def keys_before(self, at: int, count: int) -> list[str]:
        return self.keys[max(0, at - count) : at]

    def match(self, at: int, *words: str) -> bool:
        return tuple(self.keys[at : at + len(words)]) == words

    def longest(self, at: int, phrases: Container[str], most: int = 3) -> tuple[str, int] | None:
        """The longest run of at most `most` words that is a key of `phrases`, and its end."""
        for count in range(most, 0, -1):
            said = " ".join(self.keys[at : at + count])
            if at + count <= len(self.keys) and said in phrases:
                return said, at + count
        return None

    def as_said(self, first: int, end: int, digits: str = "") -> Piece:
        text = " ".join(token.text for token in self.tokens[first:end])
        return Piece(text, first, end, digits=digits)


Rule = Callable[[Phrase, int], list[Piece] | None]
"""What begins at this token, rewritten; the pieces lie side by side."""


def amount(
    number: Number, at: int, end: int, *, prefix: str = "", suffix: str = "", indian: bool = False
) -> list[Piece]:
    """A number with its sign, up to `end`: "$5", or "$5" and "million"."""
    if not number.scale:
        text = f"{prefix}{write(number, indian=indian)}{suffix}"
        return [Piece(text, at, end, is_number=True)]
    assert number.mantissa is not None
    return [
        Piece(prefix + plain(number.mantissa), at, number.scale_at, is_number=True),
        Piece(number.scale + suffix, number.scale_at, end),
    ]
