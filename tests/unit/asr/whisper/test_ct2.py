"""Weights are read as written; a file that is cut or strange is refused."""

import struct
from pathlib import Path

import numpy as np
import pytest

from app.asr.engines.whisper.ct2 import WeightsInvalid, read_weights


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def written(folder: Path, version: int = 6, kind: int = 4) -> Path:
    values = np.arange(6, dtype=np.float16)
    data = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, 1)
    data += text("a/weight") + struct.pack("<BII", 2, 2, 3)
    data += struct.pack("<BI", kind, values.nbytes) + values.tobytes()
    data += struct.pack("<I", 1) + text("b/weight") + text("a/weight")
    path = folder / "model.bin"
    path.write_bytes(data)
    return path


def test_arrays_and_aliases_are_read(tmp_path: Path) -> None:
    weights = read_weights(written(tmp_path))
    np.testing.assert_array_equal(weights["a/weight"], [[0, 1, 2], [3, 4, 5]])
    assert weights["b/weight"] is weights["a/weight"]


@pytest.mark.parametrize("kept", range(0, 70, 7))
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsInvalid, match="cut off"):
        read_weights(path)


def test_what_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsInvalid, match="format 5"):
        read_weights(written(tmp_path, version=5))
    with pytest.raises(WeightsInvalid, match="number type 9"):
        read_weights(written(tmp_path, kind=9))
