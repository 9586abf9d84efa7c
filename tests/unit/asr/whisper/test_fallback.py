"""An answer that does not end within its budget is doubted, and tried again less strictly."""

from collections.abc import Collection, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from app.asr.engines.whisper.config import Config
from app.asr.engines.whisper.engine import WhisperRecognizer
from app.asr.engines.whisper.network import Encoded, Heard, Memory, Step, WhisperNetwork
from app.asr.engines.whisper.rules import token_budget
from app.asr.engines.whisper.tokens import Tokens
from app.asr.engines.whisper.window import Window
from app.asr.recognition import SAMPLE_RATE, Hypothesis, RecognizerOptions
from app.core.audio.convert import Samples

SECOND = np.zeros(SAMPLE_RATE, np.float32)
BUDGET = token_budget(1.0, "en")


class Alphabet(WhisperNetwork):
    """Says letter after letter, and might end after some of them."""

    def __init__(self, tokens: Tokens, ends: Collection[int]) -> None:
        self.mels = 80
        self.steps = 0
        self._tokens = tokens
        self._may_end = np.isin(np.arange(tokens.count), list(ends))

    def encode(self, mels: Samples, window: Window, sound_frames: Sequence[int]) -> Encoded:
        return Encoded(np.zeros((len(mels), 1, 1)), np.zeros((len(mels), 1, 2, 1)))

    def hear(self, states: Samples, window: Window) -> Heard:
        return Heard([states], window.log_weights)

    def step(self, heard: Heard, memory: Memory | None, tokens: NDArray[np.int64]) -> Step:
        self.steps += 1
        last = tokens[:, -1]
        logits = np.full((len(tokens), self._tokens.count), -20, np.float32)
        logits[np.arange(len(tokens)), np.where(last < self._tokens.end, last + 1, 0)] = np.log(0.6)
        logits[self._may_end[last], self._tokens.end] = np.log(0.4)
        return Step(logits, np.zeros(0, np.float32), Memory([np.zeros((len(tokens), 1))]))


def heard(network: Alphabet, tokens: Tokens, *temperatures: float, beams: int = 1) -> Hypothesis:
    recognizer = WhisperRecognizer(
        network, tokens, Config((), (), ()), lambda _: None, window="fitted"
    )
    options = RecognizerOptions(language="en", temperatures=temperatures, beam_width=beams)
    (found,) = recognizer.transcribe([SECOND], options)
    return found.best


def test_what_does_not_end_is_tried_again_until_it_does(tokens: Tokens) -> None:
    network = Alphabet(tokens, range(BUDGET))
    endless = heard(network, tokens, 0.0)
    assert endless.tokens == tuple(range(BUDGET))
    ended = heard(network, tokens, 0.0, 0.4)
    assert 0 < len(ended.tokens) < BUDGET
    assert ended.temperature == 0.4


def test_an_answer_that_ends_is_before_a_likelier_one_that_does_not(tokens: Tokens) -> None:
    network = Alphabet(tokens, [5])
    assert heard(network, tokens, 0.0, 0.4, beams=3).tokens == tuple(range(6))
    assert network.steps <= 2 + BUDGET, "which leaves no doubt"


@pytest.mark.parametrize("beams", [1, 3])
def test_what_never_ends_is_heard_once_at_each_temperature(tokens: Tokens, beams: int) -> None:
    network = Alphabet(tokens, [])
    found = heard(network, tokens, 0.0, 0.4, 0.8, beams=beams)
    assert found.tokens == tuple(range(BUDGET))
    assert 2 * BUDGET < network.steps <= 2 + 3 * BUDGET
