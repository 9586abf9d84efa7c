"""Whoever hears for hours lets others have their turn."""

import io

import numpy as np
import pytest

from app.asr.domain import Transcript, TranscriptionRequest
from app.asr.recognition import SAMPLE_RATE
from app.asr.service import SpeechService
from app.core.aio import TaskScope
from app.core.audio.pcm import RawPcm
from app.inference import executor as lanes
from app.inference.executor import Executor, Lane

SILENCE_S = 300
SHORT_WORK = 60


@pytest.mark.parametrize("gain_normalize", [False, True])
async def test_a_long_recording_keeps_nobody_waiting(
    speech: SpeechService,
    executor: Executor,
    monkeypatch: pytest.MonkeyPatch,
    *,
    gain_normalize: bool,
) -> None:
    monkeypatch.setattr(lanes, "TURN_S", 0)
    asked = TranscriptionRequest(gain_normalize=gain_normalize)

    async def hear(length_s: int) -> Transcript:
        silence = io.BytesIO(np.zeros(length_s * SAMPLE_RATE, "<i2").tobytes())
        return await speech.transcribe(silence, asked, raw=RawPcm(SAMPLE_RATE))

    await hear(1)  # the models are loaded
    async with TaskScope() as scope:
        long = scope.spawn("hear for long", hear(SILENCE_S))
        for _ in range(SHORT_WORK):
            await executor.run(Lane.BATCH, lambda: None)
        assert not long.done()
    assert (long.result().text, long.result().duration_s) == ("", SILENCE_S)
