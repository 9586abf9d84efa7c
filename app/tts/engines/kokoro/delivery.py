"""How a text is said, beyond what the voice does by itself. Pure."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.tts.speech import Manner

Floats = NDArray[np.float32]

VOICED_FROM_HZ = 20
LOWEST_HZ, HIGHEST_HZ = 50, 700
SPREAD_PER_EXAGGERATION = 0.6
SLOWEST, FASTEST = 0.4, 2.5


@dataclass(frozen=True, slots=True)
class Delivery:
    """`spread`: how far pitch goes up and down, `height`: how high it is, both as factors."""

    speed: float = 1.0
    spread: float = 1.0
    height: float = 1.0

    def lengths(self, frames: Floats) -> NDArray[np.int64]:
        """Whole frames of each token, of the frames that the voice would take."""
        return np.maximum(np.rint(frames / self.speed), 1).astype(np.int64)

    def pitch(self, hertz: Floats) -> Floats:
        if self.spread == self.height == 1:
            return hertz
        voiced = hertz > VOICED_FROM_HZ
        if not voiced.any():
            return hertz
        octaves = np.log2(np.maximum(hertz, VOICED_FROM_HZ))
        middle = octaves[voiced].mean()
        moved = self.height * 2 ** (middle + (octaves - middle) * self.spread)
        return np.where(voiced, np.clip(moved, LOWEST_HZ, HIGHEST_HZ), hertz).astype(np.float32)


INSTRUCTIONS = {
    "slow": Delivery(speed=0.85),
    "fast": Delivery(speed=1.2),
    "calm": Delivery(speed=0.93, spread=0.7),
    "excited": Delivery(speed=1.07, spread=1.6, height=1.06),
    "sad": Delivery(speed=0.88, spread=0.6, height=0.95),
    "monotone": Delivery(spread=0.2),
    "deep": Delivery(height=0.87),
    "high": Delivery(height=1.15),
}
_SYNONYMS = {
    "slowly": "slow", "slower": "slow", "unhurried": "slow",
    "quick": "fast", "quickly": "fast", "faster": "fast", "hurried": "fast",
    "calmly": "calm", "gentle": "calm", "gently": "calm", "soft": "calm", "softly": "calm",
    "relaxed": "calm", "soothing": "calm",
    "excitedly": "excited", "enthusiastic": "excited", "happy": "excited", "happily": "excited",
    "cheerful": "excited", "lively": "excited", "energetic": "excited",
    "sadly": "sad", "sorry": "sad",
    "flat": "monotone", "robotic": "monotone",
    "low": "deep", "lower": "deep", "deeper": "deep", "higher": "high",
}  # fmt: skip
_WORD = re.compile(r"[a-z]+")


def delivery_of(manner: Manner) -> Delivery:
    """Of an instruction the words that `INSTRUCTIONS` knows count, each once."""
    speed, height = manner.speed, 1.0
    spread = 1 + SPREAD_PER_EXAGGERATION * manner.exaggeration
    words = _WORD.findall(manner.instruct.lower())
    names = [_SYNONYMS.get(word, word) for word in words]
    for name, asked in INSTRUCTIONS.items():
        if name not in names:
            continue
        speed *= asked.speed
        spread *= asked.spread
        height *= asked.height
    return Delivery(min(max(speed, SLOWEST), FASTEST), spread, height)
