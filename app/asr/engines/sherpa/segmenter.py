"""`python -m app.asr.engines.sherpa.segmenter SEGMENTATION VOICES LEAST MOST`: sound comes in as
float32, turns go out as JSON. In a process of its own, since the library keeps Python's lock for
as long as it hears a recording."""

import sys
from typing import Any

import msgspec
import numpy as np
import sherpa_onnx  # pyright: ignore[reportMissingTypeStubs]

from app.asr.clustering import SpeakerCount
from app.asr.diarization import SpeakerTurn
from app.core.audio.convert import Samples

LIKENESS = 0.5
"""Voices that differ by more are different speakers, where nobody said how many there are."""

_sherpa: Any = sherpa_onnx


def find_turns(
    segmentation: str, voices: str, samples: Samples, count: SpeakerCount
) -> list[SpeakerTurn]:
    """The number of speakers is a setting of the library, which disregards it below 10 s."""
    wanted = count.least if count.least == count.most else -1
    found = _process(segmentation, voices, samples, wanted)
    within = max(count.least, min(count.most, found.num_speakers))
    if within != found.num_speakers > 0 and wanted < 0:
        found = _process(segmentation, voices, samples, within)
    return [SpeakerTurn(each.start, each.end, each.speaker) for each in found.sort_by_start_time()]


def _process(segmentation: str, voices: str, samples: Samples, speakers: int) -> Any:
    pyannote = _sherpa.OfflineSpeakerSegmentationPyannoteModelConfig(model=segmentation)
    config = _sherpa.OfflineSpeakerDiarizationConfig(
        segmentation=_sherpa.OfflineSpeakerSegmentationModelConfig(
            pyannote=pyannote, num_threads=1
        ),
        embedding=_sherpa.SpeakerEmbeddingExtractorConfig(model=voices, num_threads=1),
        clustering=_sherpa.FastClusteringConfig(num_clusters=speakers, threshold=LIKENESS),
    )
    return _sherpa.OfflineSpeakerDiarization(config).process(samples)


if __name__ == "__main__":
    _, segmentation, voices, least, most = sys.argv
    heard = np.frombuffer(sys.stdin.buffer.read(), np.float32)
    turns = find_turns(segmentation, voices, heard, SpeakerCount(int(least), int(most)))
    sys.stdout.buffer.write(msgspec.json.encode(turns))
