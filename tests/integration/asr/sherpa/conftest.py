"""Folders as an operator would lay them into the store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.asr.sherpa import graphs

MakeModel = Callable[..., Path]

WHOLE = 'engine = "transducer"\ntitle = "Bands"\nlanguages = ["en", "hi"]\nstreaming = false\n'
STREAMING = WHOLE.replace("false", "true")
HOTWORDS = 'beam = 4\nunit = "bpe"\nbpe = "bpe.vocab"\n'
SEGMENTED = 'segmentation = "segmentation.onnx"\n'
VOICES = 'engine = "voices"\ntitle = "Places of voices"\n'


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    def make(name: str, card: str) -> Path:
        folder = tmp_path / "own" / name
        if "voices" in card:
            graphs.make_voice_encoder(folder)
            graphs.make_segmentation(folder)
        elif "streaming = true" in card:
            graphs.make_streaming_transducer(folder)
        else:
            graphs.make_whole_transducer(folder)
        (folder / "card.toml").write_text(card, "utf-8")
        return folder

    return make
