"""Tags of what is said live: finals have them, of the voice and of the words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from app.asr.catalogue import Catalogue
from app.asr.clustering import Vectors
from app.asr.diarization import SpeakerTurn
from app.asr.domain import FRAME_MS, SpeechSpan
from app.asr.endpointing import EndpointRules
from app.asr.live import Said, StreamEvent, StreamOptions
from app.asr.recognition import SAMPLE_RATE, Hypothesis, Recognition, Tag, Tags, Word
from app.asr.speakers import LiveSpeakers
from app.asr.tags.mean import labels_of
from app.asr.text.words import Word as WrittenWord
from app.asr.transcriber import Asked, LiveTranscriber
from app.asr.utterances import write
from app.core.aio import TaskScope
from app.core.audio.convert import Samples

VOICE: Tags = {"emotion": Tag("EMOTION_SAD", {"EMOTION_SAD": 0.8, "EMOTION_HAPPY": 0.2})}
INTENTS = {"INTENT_THANKS": 0.6, "INTENT_OFFER": 0.3, "INTENT_APOLOGY": 0.1}


class Loudness:
    """Speech where there is any sound."""

    async def push(self, samples: Samples) -> list[float]:
        frames = samples.reshape(-1, FRAME_MS * SAMPLE_RATE // 1000)
        return [float(frame.any()) for frame in frames]


@dataclass
class Scripted:
    """Hears the same of every sound."""

    text: str = "Thank you"
    turns: Sequence[SpeakerTurn] = ()
    tagged: list[tuple[list[str], str]] = field(default_factory=list[tuple[list[str], str]])

    async def recognize(self, sound: Samples, asked: Asked, *, is_final: bool) -> Recognition:
        del sound, asked, is_final
        texts = self.text.split()
        words = tuple(Word(text, at / 2, at / 2 + 0.4, 1.0) for at, text in enumerate(texts))
        return Recognition((Hypothesis(self.text, 0.0, words),), "en", 1.0, 0.0, VOICE)

    async def tell_apart(
        self, speakers: LiveSpeakers, utterance: SpeechSpan, sound: Samples
    ) -> list[SpeakerTurn]:
        del speakers, utterance, sound
        return list(self.turns)

    async def embed(self, sound: Samples) -> Vectors:
        raise AssertionError

    async def write(
        self, words: Sequence[WrittenWord], language: str, options: StreamOptions
    ) -> list[WrittenWord]:
        return write(words, language, options)

    async def tag_words(self, texts: Sequence[str], language: str, asked: Asked) -> list[Tags]:
        del asked
        self.tagged.append((list(texts), language))
        return [{"intent": Tag("INTENT_THANKS", INTENTS)} for _ in texts]


async def heard(hearing: Scripted, options: StreamOptions) -> list[Said]:
    told: list[Said] = []

    async def tell(event: StreamEvent) -> None:
        if isinstance(event, Said):
            told.append(event)

    choice = Catalogue("en-full").choose_for(options, live=True)
    frame = FRAME_MS * SAMPLE_RATE // 1000
    sound = np.concatenate([np.ones(40 * frame, np.float32), np.zeros(40 * frame, np.float32)])
    async with TaskScope() as scope:
        asked = Asked(options, choice)
        transcriber = LiveTranscriber(hearing, Loudness(), asked, tell, scope, EndpointRules())
        await transcriber.hear(sound)
        await transcriber.finalize()
        await scope.cancel()
    return told


@pytest.mark.inventory("WH-110")
async def test_a_final_has_the_tags_of_its_voice_and_its_words() -> None:
    hearing = Scripted()
    *interims, final = await heard(hearing, StreamOptions())
    assert labels_of(final.tags) == {"emotion": "EMOTION_SAD", "intent": "INTENT_THANKS"}
    assert hearing.tagged == [([final.text], "en")]
    assert all(said.tags == {} for said in interims)


async def test_only_intents_that_were_asked_for_are_told() -> None:
    options = StreamOptions(intent_labels="INTENT_OFFER,INTENT_APOLOGY")
    final = (await heard(Scripted(), options))[-1]
    assert final.tags["intent"].probabilities == pytest.approx(
        {"INTENT_OFFER": 0.75, "INTENT_APOLOGY": 0.25}
    )


@pytest.mark.inventory("WH-115")
async def test_speakers_of_one_final_have_the_tags_of_their_own_words_alone() -> None:
    hearing = Scripted(turns=(SpeakerTurn(0.0, 0.45, 0), SpeakerTurn(0.45, 2.0, 1)))
    final = (await heard(hearing, StreamOptions(diarize=True)))[-1]
    assert [labels_of(part.tags) for part in final.parts] == [{"intent": "INTENT_THANKS"}] * 2
    assert labels_of(final.tags) == {"emotion": "EMOTION_SAD", "intent": "INTENT_THANKS"}
    assert len(hearing.tagged[0][0]) == 3
    alone = Scripted(turns=(SpeakerTurn(0.0, 2.0, 0),))
    (part,) = (await heard(alone, StreamOptions(diarize=True)))[-1].parts
    assert set(labels_of(part.tags)) == {"emotion", "intent"}


@pytest.mark.inventory("WH-118")
async def test_the_fastest_model_has_none_live_either() -> None:
    final = (await heard(Scripted(), StreamOptions(model="en-tiny")))[-1]
    assert "emotion" not in final.tags


async def test_nothing_said_has_no_tags() -> None:
    hearing = Scripted(text="")
    assert all(said.tags == {} for said in await heard(hearing, StreamOptions()))
    assert hearing.tagged == []
