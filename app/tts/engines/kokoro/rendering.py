"""From an utterance to sound in windows that meet unheard."""

from app.core.audio.convert import Samples
from app.tts.engines.kokoro.network import KokoroNetwork, Utterance

FIRST_WINDOW, LATER_WINDOW, LONGEST_WINDOW = 20, 64, 160
GROWTH = 1.6
"""Half frames, 12.5 ms each. The very first is short, to be heard soon; an utterance that follows
another begins with a later one. The longer, the less is made twice."""

SILENCE_KEPT = 3
"""Half frames of the first pad, whose silence is left out else."""


class Rendering:
    """One utterance, window after window."""

    def __init__(self, network: KokoroNetwork, utterance: Utterance, *, trimmed: bool) -> None:
        """`trimmed`: without the silence in front."""
        self._network = network
        self._utterance = utterance
        self._width = FIRST_WINDOW if trimmed else LATER_WINDOW
        self.begin = max(0, 2 * int(utterance.lengths[0]) - SILENCE_KEPT) if trimmed else 0
        """The half frame that sound begins with."""
        self._at = self.begin

    @property
    def done(self) -> bool:
        return self._at >= self._utterance.half_frames

    def next(self) -> Samples:
        """Blocks: belongs in a lane of the executor."""
        end = self._utterance.half_frames
        begin, stop = self._at, min(self._at + round(self._width), end)
        if end - stop < FIRST_WINDOW // 2:
            stop = end
        self._at = stop
        self._width = min(self._width * GROWTH, LONGEST_WINDOW)
        return self._network.sound(self._utterance, begin, stop)
