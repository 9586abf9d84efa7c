"""A small vocabulary in the form of Whisper's."""

import pytest

from app.asr.engines.whisper.tokens import Tokens

ORDINARY = [chr(code) for code in range(33, 127)] + ["Ġ", "Ã", "©", "ã", "Ģ", "Ĥ", "Ġa", 'Ġ"', "he"]
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|ja|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nocaptions|>",
    "<|notimestamps|>",
    "<|0.00|>",
]
END = len(ORDINARY)


def letters(text: str) -> list[int]:
    return [ORDINARY.index("Ġ" if letter == " " else letter) for letter in text]


@pytest.fixture
def tokens() -> Tokens:
    return Tokens([*ORDINARY, *SPECIAL])
