"""What the card.toml of a model for sherpa-onnx says; docs/models.md documents the format."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from app.asr.engines.ctc.card import CardInvalid

FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
BeamWidth = Annotated[int, msgspec.Meta(ge=1, le=32)]

CARD = "card.toml"
_SPECIAL = re.compile("<.+>")


class TransducerCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="engine", tag="transducer"
):
    """`streaming`: the graphs were exported for sound that comes bit by bit. With a `beam` of more
    than one, hotwords act; `unit` and `bpe` say how these are spelled in tokens."""

    title: Text
    languages: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    streaming: bool
    encoder: FileName = "encoder.onnx"
    decoder: FileName = "decoder.onnx"
    joiner: FileName = "joiner.onnx"
    tokens: FileName = "tokens.txt"
    sample_rate: Count = 16000
    mels: Count = 80
    beam: BeamWidth = 1
    unit: Literal["cjkchar", "bpe", "cjkchar+bpe"] = "cjkchar"
    bpe: FileName | None = None

    def __post_init__(self) -> None:
        if ("bpe" in self.unit) != (self.bpe is not None):
            raise ValueError("a `unit` with bpe and the file `bpe` belong together")

    @property
    def graphs(self) -> tuple[str, ...]:
        return (self.encoder, self.decoder, self.joiner)

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.graphs, self.tokens, *filter(None, [self.bpe]))


class VoicesCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="engine", tag="voices"
):
    """A model of voices: 3D-Speaker, WeSpeaker or NeMo. `segmentation`: one of pyannote."""

    title: Text
    graph: FileName = "model.onnx"
    segmentation: FileName | None = None

    @property
    def graphs(self) -> tuple[str, ...]:
        return (self.graph, *filter(None, [self.segmentation]))

    @property
    def files(self) -> tuple[str, ...]:
        return self.graphs


SherpaCard = TransducerCard | VoicesCard


def read_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CardInvalid(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CardInvalid(f"{path}: {error}") from error
    except RecursionError:
        raise CardInvalid(f"{path}: it is nested too deeply") from None


def read_sherpa_card(folder: Path) -> SherpaCard:
    """Raises where a file that the card names is not there."""
    path = folder / CARD
    try:
        card: SherpaCard = msgspec.convert(read_table(path), SherpaCard)
    except msgspec.ValidationError as error:
        raise CardInvalid(f"{path}: {error}") from error
    for name in card.files:
        if not (folder / name).is_file():
            raise CardInvalid(f"{folder / name} is not there")
    return card


def read_tokens(path: Path) -> tuple[str, ...]:
    """Of lines like `▁HELLO 17`, without signs like `<blk>` and bytes."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CardInvalid(f"{path} cannot be read: {error}") from error
    tokens = [line.rpartition(" ")[0] or line for line in lines if line.strip()]
    return tuple(token for token in tokens if not _SPECIAL.fullmatch(token))


def memory_bytes(folder: Path, card: SherpaCard) -> int:
    return sum((folder / name).stat().st_size for name in card.graphs)
