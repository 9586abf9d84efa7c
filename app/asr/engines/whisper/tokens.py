"""Whisper's tokens: text to tokens and back, the special ones by name, and where words end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tiktoken

PATTERN = r"'s|'t|'re|'ve|'ll|'d|'m| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
UNSPACED = {"zh", "ja", "th", "lo", "my", "yue"}
OPENING = "\"'“¿([{-"
CLOSING = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - the marks of Chinese and Japanese
_WORD_STARTS = ("Ġ", "-")
"""A space, as vocabularies write it; what a hyphen parts is two words to language models."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
END = "<|endoftext|>"
ENGLISH_ONLY_END = 50256
"""Models for English alone have one token fewer, and no use for those of languages."""


@dataclass(frozen=True, slots=True)
class TokenWord:
    text: str
    tokens: tuple[int, ...]

    def __add__(self, other: "TokenWord") -> "TokenWord":
        return TokenWord(self.text + other.text, self.tokens + other.tokens)


class Tokens:
    def __init__(self, vocabulary: Sequence[str]) -> None:
        end = vocabulary.index(END)
        special = {name: end + at for at, name in enumerate(vocabulary[end:])}
        decoded = _bytes_by_character()
        ranks = {
            bytes(decoded[character] for character in word): rank
            for rank, word in enumerate(vocabulary[:end])
            if word
        }
        self._codec = tiktoken.Encoding(
            "whisper", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special
        )
        self.count = len(vocabulary)
        self.begins_word = np.array([word.startswith(_WORD_STARTS) for word in vocabulary])
        self.end = end
        self.start = special["<|startoftranscript|>"]
        self.previous = special["<|startofprev|>"]
        self.no_speech = special["<|nocaptions|>"]
        self.no_timestamps = special["<|notimestamps|>"]
        self.tasks = {name: special[f"<|{name}|>"] for name in ("transcribe", "translate")}
        self.multilingual = end > ENGLISH_ONLY_END
        first_task = min(self.tasks.values())
        languages = {
            name[2:-2]: token for name, token in special.items() if self.start < token < first_task
        }
        self.languages = languages if self.multilingual else {"en": languages["en"]}

    def encode(self, text: str) -> list[int]:
        return self._codec.encode_ordinary(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """Without special tokens. What is no whole character shows as one that says so."""
        return self._codec.decode([token for token in tokens if token < self.end])

    def words(self, tokens: Sequence[int], language: str) -> list[TokenWord]:
        """Tokens by word, punctuation with the word it belongs to."""
        characters = self._characters(tokens)
        if language in UNSPACED:
            return _with_punctuation(characters)
        words: list[TokenWord] = []
        for part in characters:
            if part.text.startswith(" ") or not words:
                words.append(part)
            else:
                words[-1] += part
        return _with_punctuation(words)

    def _characters(self, tokens: Sequence[int]) -> list[TokenWord]:
        """The smallest runs of tokens that are whole characters."""
        parts: list[TokenWord] = []
        run: list[int] = []
        for at, token in enumerate(tokens):
            run.append(token)
            text = self.decode(run)
            if REPLACEMENT not in text or at == len(tokens) - 1:
                parts.append(TokenWord(text, tuple(run)))
                run = []
        return parts


def read_tokens(path: Path) -> Tokens:
    """`vocabulary.txt`: a token a line, in order."""
    return Tokens(path.read_text("utf-8").removesuffix("\n").split("\n"))


def _with_punctuation(parts: Sequence[TokenWord]) -> list[TokenWord]:
    words: list[TokenWord] = []
    opening: TokenWord | None = None
    for part in parts:
        text = part.text.strip()
        if opening:
            words.append(opening + part)
            opening = None
        elif text and text in OPENING and part.text.startswith(" "):
            opening = part
        elif words and text and text in CLOSING:
            words[-1] += part
        else:
            words.append(part)
    return [*words, opening] if opening else words


def _bytes_by_character() -> dict[str, int]:
    """GPT-2 writes every byte as a character that can be seen."""
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), 256)]
    hidden = [byte for byte in range(256) if byte not in seen]
    return {chr(byte): byte for byte in seen} | {
        chr(256 + at): byte for at, byte in enumerate(hidden)
    }
