"""What fitting knows of voices: the packs that Kokoro speaks with, and vectors that compare."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples

PACK_SHAPE = (510, 256)

Pack = NDArray[np.float32]
"""A row for each count of sounds in a text."""

Vector = NDArray[np.float32]

Embed = Callable[[Samples], Vector]
"""What a voice is like, as a vector of length one, from 16 kHz mono. Blocks."""

Say = Callable[[Pack, int], Samples]
"""One of the phrases in a voice, at the rate of speech. Blocks."""
