"""Live recognition with the real weights: what was said is told, as it is said and in the end."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.asr.activity import Backend
from app.asr.catalogue import Catalogue
from app.asr.domain import ModelUnknown
from app.asr.ears import USUAL_EARS, Ears
from app.asr.endpointing import EndpointRules
from app.asr.engines.ge2e import load_ge2e
from app.asr.engines.silero import load_silero
from app.asr.engines.smart_turn import load_smart_turn
from app.asr.engines.whisper.engine import load_whisper
from app.asr.language_models import LanguageModels
from app.asr.live import (
    Said,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    StreamEvent,
    StreamOptions,
)
from app.asr.service import SpeechService
from app.asr.streaming import MOST_CHANNELS, StreamService, StreamsFull, TooManyChannels
from app.asr.text.folding import key
from app.core import settings
from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.decode import decode_audio
from app.inference.executor import Executor
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry
from tests.integration.asr.conftest import BUDGET_BYTES, NO_LIMITS, ROOT

SPEECH = ROOT / "tests" / "fixtures" / "speech"
SHORT = "in being comparatively modern"
LONG = "produced the block books which were the immediate predecessors of the true printed book"
MOST_STREAMS = 8


@pytest.fixture
async def streams(executor: Executor, tmp_path: Path) -> AsyncGenerator[StreamService]:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    runtime = OnnxRuntime("cpu", 2)
    kinds = {
        "silero-vad": load_silero,
        "whisper": load_whisper,
        "ge2e": load_ge2e,
        "smart-turn": load_smart_turn,
    }
    loaders = {kind: partial(load, runtime=runtime) for kind, load in kinds.items()}
    manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
    models = ModelRegistry(manifest, store, loaders, budget_bytes=BUDGET_BYTES)
    names, language_models = Catalogue("en-tiny"), LanguageModels(tmp_path)
    async with (
        SpeechService(models, executor, NO_LIMITS, names, language_models) as speech,
        StreamService(models, executor, speech, names, most_streams=MOST_STREAMS) as streams,
    ):
        yield streams
    await models.close()


def speech(name: str, rate: int = 16000) -> Samples:
    return decode_audio(SPEECH / f"{name}.ogg", sample_rate=rate, limits=NO_LIMITS)


def silence(seconds: float, rate: int = 16000) -> Samples:
    return np.zeros(round(seconds * rate), np.float32)


async def transcribed(
    streams: StreamService,
    sound: Sequence[Samples],
    options: StreamOptions,
    pause_s: float = 0,
    ears: Ears = USUAL_EARS,
) -> list[StreamEvent]:
    """In frames of 20 ms."""
    told: list[StreamEvent] = []

    async def tell(event: StreamEvent) -> None:
        told.append(event)

    data = int16_from_float(np.concatenate(sound)).tobytes()
    size = options.sample_rate // 50 * 2
    async with streams.open(tell, ears) as stream:
        await stream.configure(options)
        for start in range(0, len(data), size):
            await stream.hear(data[start : start + size])
            if pause_s:
                await asyncio.sleep(pause_s)
        await stream.finalize()
        assert stream.heard_s == pytest.approx(len(data) / 2 / options.sample_rate)
    return told


def finals(told: Sequence[StreamEvent]) -> list[Said]:
    return [event for event in told if isinstance(event, Said) and event.is_final]


def plain(said: Sequence[Said]) -> str:
    return " ".join(filter(None, (key(w) for each in said for w in each.text.split())))


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
async def test_two_sentences_are_told_as_the_speaker_pauses(
    streams: StreamService, rate: int
) -> None:
    sound = [speech("LJ001-0002", rate), silence(1, rate), speech("LJ001-0004", rate)]
    told = await transcribed(streams, sound, StreamOptions(sample_rate=rate))
    assert plain(finals(told)) == f"{SHORT} {LONG}"
    assert [each.utterance_end for each in finals(told)] == [True, True]
    first, second = finals(told)
    assert 0 <= first.start_s < first.words[0].end_s <= first.end_s < second.start_s
    began = [event.at_s for event in told if isinstance(event, SpeechBegan)]
    assert began == [first.start_s, second.start_s]


@pytest.mark.inventory("SO-031")
@pytest.mark.parametrize("activity", ["energy", "webrtc", "silero"])
async def test_with_whatever_ears_the_same_is_heard(
    streams: StreamService, activity: Backend
) -> None:
    noise = np.random.default_rng(7).standard_normal(8 * 16_000).astype(np.float32) * 0.002
    spoken = np.concatenate(
        [silence(1), speech("LJ001-0002"), silence(1.2), speech("LJ001-0004"), silence(1)]
    )
    sound = [spoken + np.resize(noise, spoken.size)]
    told = await transcribed(streams, sound, StreamOptions(), ears=Ears(activity))
    assert plain(finals(told)) == f"{SHORT} {LONG}"
    assert finals(told)[0].start_s == pytest.approx(1, abs=0.4)


@pytest.mark.inventory("SO-033")
async def test_what_is_shorter_than_the_least_speech_is_none(streams: StreamService) -> None:
    word = np.pad(speech("LJ001-0004")[3200:9600], (16_000, 16_000))

    async def began(least_ms: int) -> list[StreamEvent]:
        ears = Ears("energy", EndpointRules(begin_ms=least_ms))
        told = await transcribed(streams, [word], StreamOptions(), ears=ears)
        return [event for event in told if isinstance(event, SpeechBegan)]

    assert len(await began(100)) == 1
    assert await began(600) == []


async def test_every_pause_is_told_as_it_begins_and_as_it_ends(streams: StreamService) -> None:
    sound = [speech("LJ001-0002"), silence(0.25), speech("LJ001-0004"), silence(1)]
    told = await transcribed(streams, sound, StreamOptions(endpointing_ms=2000))
    kinds = [type(event) for event in told if not isinstance(event, Said)]
    assert (kinds[0], kinds[-1]) == (SpeechBegan, SpeechEnded)
    pauses = kinds[1:-1]
    assert pauses == [SpeechPaused, SpeechResumed] * (len(pauses) // 2) + [SpeechPaused]
    assert len(pauses) >= 3


@pytest.mark.parametrize(("name", "is_over"), [("LJ001-0002", True), ("LJ001-0004", False)])
async def test_a_pause_is_judged_by_the_sound_of_the_sentence_before_it(
    streams: StreamService, name: str, is_over: bool
) -> None:
    paused = asyncio.Event()

    async def tell(event: StreamEvent) -> None:
        if isinstance(event, SpeechPaused):
            paused.set()

    async with streams.open(tell) as stream:
        await stream.configure(StreamOptions(sample_rate=16000))
        heard = np.concatenate((speech("LJ001-0004"), silence(1), speech(name), silence(0.5)))
        for start in range(0, heard.size, 320):
            is_second = start > heard.size - speech(name).size // 2
            if is_second and paused.is_set():
                break
            paused.clear()
            await stream.hear(int16_from_float(heard[start : start + 320]).tobytes())
        assert (await stream.is_over() > 0.5) is is_over


async def test_the_end_is_told_after_the_last_word(streams: StreamService) -> None:
    told = await transcribed(streams, [speech("LJ001-0002"), silence(1)], StreamOptions())
    assert isinstance(told[-1], SpeechEnded)
    assert isinstance(told[-2], Said)
    assert told[-2].is_final


async def test_what_is_stable_never_changes(streams: StreamService) -> None:
    told = await transcribed(streams, [speech("LJ001-0004")], StreamOptions(), pause_s=0.01)
    said = [event for event in told if isinstance(event, Said)]
    stable = [[key(word) for word in each.stable_text.split()] for each in said[:-1]]
    assert len(stable) >= 3
    assert stable[-1]
    for earlier, later in pairwise(stable):
        assert later[: len(earlier)] == earlier
    assert plain(finals(told)).split()[: len(stable[-1])] == stable[-1]


@pytest.mark.inventory("EX-016")
@pytest.mark.parametrize("pause_s", [0, 0.004, 0.01])
@pytest.mark.parametrize("late", [0, 1500, 3000])
async def test_who_never_pauses_is_cut_and_no_word_is_lost(
    streams: StreamService, pause_s: float, late: int
) -> None:
    """However many looks there is time for, and wherever the cut falls."""
    voice = speech("LJ001-0004")[4000:-4000]
    sound = [voice[late:], voice]
    told = finals(await transcribed(streams, sound, StreamOptions(), pause_s=pause_s))
    assert len(told) >= 2
    assert not told[0].utterance_end
    assert told[-1].utterance_end
    assert all(each.end_s - each.start_s <= 6.1 for each in told)
    assert all(one.end_s <= other.start_s for one, other in pairwise(told))
    words = plain(told).split()
    assert abs(len(words) - 2 * len(LONG.split())) <= 3
    assert words.count("predecessors") == 2
    # The clip begins within "produced", and runs from "book" into it: these may be misheard.
    wanted = [word for word in LONG.split() if word not in ("produced", "books", "book")]
    assert [word for word in words if word in wanted] == wanted * 2
    assert words[words.index("block") + 1] == "books"


async def test_many_at_once_are_told_their_own_words_and_one_more_is_refused(
    streams: StreamService,
) -> None:
    names = ["LJ001-0002", "LJ001-0004"] * (MOST_STREAMS // 2)

    async def talk(name: str) -> str:
        return plain(finals(await transcribed(streams, [speech(name)], StreamOptions())))

    assert await asyncio.gather(*map(talk, names)) == [SHORT, LONG] * (MOST_STREAMS // 2)

    async def tell(_: StreamEvent) -> None:
        raise AssertionError

    async def open_until_full(depth: int) -> None:
        async with streams.open(tell):
            await open_until_full(depth + 1)

    with pytest.raises(StreamsFull, match=str(MOST_STREAMS)):
        await open_until_full(1)
    async with streams.open(tell):
        pass  # all were given back


async def test_who_leaves_in_the_middle_of_a_word_leaves_nothing_behind(
    streams: StreamService,
) -> None:
    class Left(Exception):
        pass

    async def tell(event: StreamEvent) -> None:
        if isinstance(event, Said):
            raise Left

    data = int16_from_float(speech("LJ001-0004")).tobytes()
    for _ in range(MOST_STREAMS + 1):
        with pytest.raises(Left):
            async with streams.open(tell) as stream:
                await stream.hear(data)
                await stream.finalize()


async def test_what_cannot_be_had_is_refused_and_changes_nothing(streams: StreamService) -> None:
    told: list[StreamEvent] = []

    async def tell(event: StreamEvent) -> None:
        told.append(event)

    async with streams.open(tell) as stream:
        for number in range(MOST_CHANNELS):
            await stream.configure(StreamOptions(channel=f"channel {number}"))
        with pytest.raises(TooManyChannels):
            await stream.configure(StreamOptions(channel="one more"))
        with pytest.raises(ModelUnknown):
            await stream.configure(StreamOptions(model="no-such"))
        await stream.hear(int16_from_float(speech("LJ001-0002")).tobytes())
        await stream.finalize()
    [said] = finals(told)
    assert (plain([said]), said.channel) == (SHORT, f"channel {MOST_CHANNELS - 1}")


@pytest.mark.inventory("WH-113", "WH-115", "WH-116")
@pytest.mark.parametrize("least_most", [(1, 10), (2, 2), (3, 3)])
async def test_speakers_are_told_apart_while_they_speak(
    streams: StreamService, least_most: tuple[int, int]
) -> None:
    """Two people in turn. Who is expected but never speaks changes nothing."""
    least, most = least_most
    options = StreamOptions(
        diarize=True, speaker_embedding=True, min_speakers=least, max_speakers=most
    )
    turns = ["spk1_snt1", "spk2_snt1", "spk1_snt2", "spk2_snt2"]
    pieces = [piece for turn in turns for piece in (speech(turn), silence(1))]
    told = finals(await transcribed(streams, pieces, options))
    assert [[part.speaker for part in said.parts] for said in told] == [[0], [1], [0], [1]]
    assert all(len(said.speaker_embedding or ()) == 192 for said in told)
    assert "child almost hurt" in plain(told[:1])
    assert "joy" in plain(told[3:])
