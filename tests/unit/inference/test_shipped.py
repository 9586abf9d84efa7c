"""Weights of non-commercial data are not used where PARLEY_COMMERCIAL is set."""

from pathlib import Path

import pytest

from app.inference.manifest import Model, read_manifest
from app.inference.shipped import LicenceForbids, ShippedWeights
from tests.unit.inference.test_manifest import GOOD, written


@pytest.fixture
def model(tmp_path: Path) -> Model:
    text = GOOD.replace('kind = "k"', 'kind = "k"\nnon_commercial = ["voice.onnx"]')
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "voice.onnx").write_bytes(b"n")
    return read_manifest(written(tmp_path, text)).get("m")


def test_they_are_used_elsewhere(tmp_path: Path, model: Model) -> None:
    shipped = ShippedWeights(tmp_path, is_commercial=False)
    assert shipped.permitted(model, "voice.onnx") == tmp_path / "m" / "voice.onnx"
    assert list(shipped.restrictions(model)) == [
        "voice.onnx: non-commercial, PARLEY_COMMERCIAL refuses it"
    ]


def test_they_are_refused(tmp_path: Path, model: Model) -> None:
    shipped = ShippedWeights(tmp_path, is_commercial=True)
    with pytest.raises(LicenceForbids, match=r"voice\.onnx of model m .* PARLEY_COMMERCIAL is set"):
        shipped.path(model, "voice.onnx")
    assert shipped.permitted(model, "voice.onnx") is None
    assert list(shipped.restrictions(model)) == ["voice.onnx: non-commercial, refused"]


def test_others_stand_in_for_them(tmp_path: Path, model: Model) -> None:
    other = tmp_path / "m" / "voice.commercial.onnx"
    other.write_bytes(b"c")
    shipped = ShippedWeights(tmp_path, is_commercial=True)
    assert shipped.permitted(model, "voice.onnx") == other
    assert list(shipped.restrictions(model)) == [
        "voice.onnx: non-commercial, refused; voice.commercial.onnx is used"
    ]


def test_a_model_without_them_has_none(tmp_path: Path) -> None:
    model = read_manifest(written(tmp_path, GOOD)).get("m")
    assert ShippedWeights(tmp_path, is_commercial=False).permitted(model, "voice.onnx") is None
