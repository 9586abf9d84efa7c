"""What a CTC model is: its features, vocabulary, times and heads, as its card says.

The format is documented in onnx_models/README.md.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from app.core.errors import Unavailable

Name = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class CardInvalid(Unavailable):
    """The card cannot be used; the message names the file and the field."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Features(_Table, frozen=True, forbid_unknown_fields=True):
    """`waveform`: samples of zero mean and unit variance. `log-mel`: as NeMo computes it.
    `whisper-mel`: as Whisper does. `whisper-states`: what the encoder of `model` makes of it."""

    kind: Literal["waveform", "log-mel", "whisper-mel", "whisper-states"]
    sample_rate: Count = 16000
    mels: Count = 80
    fft_samples: Count = 512
    window_samples: Count = 400
    hop_samples: Count = 160
    preemphasis: float = 0.97
    per_feature: bool = True
    model: str = ""


class Inputs(_Table, frozen=True, forbid_unknown_fields=True):
    signal: Name
    length: str = ""


class Outputs(_Table, frozen=True, forbid_unknown_fields=True):
    scores: Name
    length: str = ""


class Times(_Table, frozen=True, forbid_unknown_fields=True):
    stride_ms: Annotated[float, msgspec.Meta(gt=0)]
    offset_ms: float = 0


class Vocabulary(_Table, frozen=True, forbid_unknown_fields=True):
    """One token for each column of the scores, in order. `space` is the token between words of a
    vocabulary of letters; where pieces begin words, `word_start` is the sign they begin with.
    Tokens that begin with one of `actions` are not words but events."""

    blank: Annotated[int, msgspec.Meta(ge=0)]
    file: str = ""
    tokens: tuple[str, ...] = ()
    space: str = ""
    word_start: str = ""
    unknown: str = ""
    actions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.tokens):
            raise ValueError("needs either `file` or `tokens`")
        if bool(self.space) == bool(self.word_start):
            raise ValueError("needs either `space` or `word_start`")


class Head(_Table, frozen=True, forbid_unknown_fields=True):
    """Scores of labels for a whole utterance, from another output of the graph."""

    output: Name
    labels: Annotated[tuple[Name, ...], msgspec.Meta(min_length=2)]


class Card(_Table, frozen=True, forbid_unknown_fields=True):
    title: Name
    languages: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    graph: Name
    features: Features
    inputs: Inputs
    outputs: Outputs
    times: Times
    vocabulary: Vocabulary
    heads: dict[str, Head] = {}
    engine: Literal["ctc"] = "ctc"


def read_card(folder: Path) -> Card:
    """Of a model's folder, with the tokens of the vocabulary's file put in."""
    path = folder / "card.toml"
    try:
        card = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Card)
    except OSError as error:
        raise CardInvalid(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise CardInvalid(f"{path}: {error}") from error
    tokens = card.vocabulary.tokens or _read_tokens(folder / card.vocabulary.file)
    if card.vocabulary.blank >= len(tokens):
        raise CardInvalid(f"{path}: blank is {card.vocabulary.blank} of {len(tokens)} tokens")
    vocabulary = msgspec.structs.replace(card.vocabulary, tokens=tokens, file="")
    return msgspec.structs.replace(card, vocabulary=vocabulary)


def _read_tokens(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CardInvalid(f"{path} cannot be read: {error}") from error
    return tuple(line.removesuffix("\r") for line in lines)
