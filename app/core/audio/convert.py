"""Samples between integers and float32 in [-1, 1]. Knows no container and no codec."""

import numpy as np
from numpy.typing import NDArray

from app.core.audio.errors import AudioUnreadable

Samples = NDArray[np.float32]

_INT16_SCALE = np.float32(32768)


def float_from_int16(samples: NDArray[np.int16]) -> Samples:
    return np.divide(samples, _INT16_SCALE, dtype=np.float32)


def int16_from_float(samples: Samples) -> NDArray[np.int16]:
    """Round to nearest; what is beyond full scale is clipped, what is not a number is silence."""
    scaled = np.rint(samples * _INT16_SCALE)
    np.clip(scaled, -32768, 32767, out=scaled)
    scaled[np.isnan(scaled)] = 0
    return scaled.astype(np.int16)


def float_from_any(samples: NDArray[np.generic]) -> Samples:
    """Any sample type that libav decodes to, as float32 within [-1, 1]. May reuse `samples`."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128)) / np.float32(128)
    if samples.dtype.kind == "i":
        full_scale = np.float32(2 ** (8 * samples.dtype.itemsize - 1))
        return np.divide(samples, full_scale, dtype=np.float32, casting="unsafe")
    with np.errstate(over="ignore"):
        floats = samples.astype(np.float32, copy=False)
    low, high = float(floats.min(initial=0)), float(floats.max(initial=0))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise AudioUnreadable("The file holds samples that are not finite numbers.")
    if low < -1 or high > 1:
        np.clip(floats, -1, 1, out=floats)
    return floats
