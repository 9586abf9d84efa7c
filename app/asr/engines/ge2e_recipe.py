"""The recipe `ge2e`: the published weights beside the graph and the whitening made for them.

The publisher's file is a pickle, which could run code when read as one. It is not: its tensors lie
in it raw, as little-endian float32, and the SHA-256 of the manifest says that they lie where these
ranges are. What the optimizer left in it stays behind.
"""

from pathlib import Path
from shutil import copyfile

LINEAR_BIAS = (6699, 4 * 256)
LINEAR_WEIGHT = (7731, 4 * 256 * 256)
LSTM = (269883, 4 * 1357824)
"""Where a tensor starts in the file, and its length, in bytes."""


def prepare_ge2e(trained: Path, pulled: Path, made: Path) -> None:
    """`trained` is the folder `onnx_models/ge2e` of the project."""
    with (pulled / "pretrained.pt").open("rb") as source, (made / "weights.bin").open("wb") as out:
        for start, length in (LINEAR_BIAS, LINEAR_WEIGHT, LSTM):
            source.seek(start)
            out.write(source.read(length))
    for name in ("encoder.onnx", "whitening.npz"):
        copyfile(trained / name, made / name)
