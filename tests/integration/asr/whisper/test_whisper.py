"""What is said is recognized, when it was said, and nothing where nothing was."""

import dataclasses
import json
import re
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest

from app.asr.engines.whisper.engine import WhisperRecognizer
from app.asr.recognition import LanguageNotSpoken, RecognizerOptions, UtteranceTooLong
from app.bench.wer import word_errors
from app.core.audio.convert import Samples
from app.core.audio.resample import resample
from tests.integration.asr.whisper.conftest import ROOT, SPEECH, sound_of

DATA = ROOT.parent / "shared" / "data"
GREEDY = RecognizerOptions(language="en")
SHORT = "in being comparatively modern"
LONG = "produced the block books which were the immediate predecessors of the true printed book"


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def letters_of(text: str) -> list[str]:
    """With the signs of vowels."""
    return [each for each in text.lower() if unicodedata.category(each)[0] in "LM"]


def recognize(recognizer: WhisperRecognizer, sound: Samples, **changes: object) -> str:
    options = dataclasses.replace(GREEDY, **changes)
    return plain(recognizer.transcribe([sound], options)[0].best.text)


def test_speech_becomes_words(tiny: WhisperRecognizer, short: Samples, long: Samples) -> None:
    assert recognize(tiny, short) == SHORT
    assert recognize(tiny, long) == LONG


def test_the_whole_window_says_the_same(tiny: WhisperRecognizer, long: Samples) -> None:
    assert recognize(tiny, long, window="full") == LONG


def test_many_at_once_are_answered_in_their_order(
    tiny: WhisperRecognizer, short: Samples, long: Samples
) -> None:
    found = tiny.transcribe([long, short, long[:60000], short, long], GREEDY)
    texts = [plain(each.best.text) for each in found]
    assert [texts[at] for at in (0, 1, 3, 4)] == [LONG, SHORT, SHORT, LONG]
    assert LONG.startswith(texts[2][:20])
    assert tiny.transcribe([], GREEDY) == []


TIME_S = np.arange(80000, dtype=np.float32) / 16000
NO_SPEECH = {
    "nothing": np.zeros(0, np.float32),
    "silence": np.zeros(48000, np.float32),
    "noise": np.random.default_rng(0).normal(0, 0.02, 160000).astype(np.float32),
    "loud noise": np.random.default_rng(1).normal(0, 0.3, 80000).astype(np.float32),
    "clicks": np.where(np.arange(80000) % 4000, 0, 0.9).astype(np.float32),
    "a chord that beats": sum(np.sin(2 * np.pi * hertz * TIME_S) for hertz in (220, 277, 330))
    * ((2 * TIME_S) % 1 < 0.5)
    * np.float32(0.1),
}


@pytest.mark.parametrize("hotwords", [(), ("Gutenberg", "LoanTap")])
@pytest.mark.parametrize("kind", NO_SPEECH)
def test_where_nobody_speaks_nothing_is_made_up(
    tiny: WhisperRecognizer, kind: str, hotwords: tuple[str, ...]
) -> None:
    options = dataclasses.replace(GREEDY, hotwords=hotwords)
    (found,) = tiny.transcribe([NO_SPEECH[kind]], options)
    assert found.best.text == ""
    assert found.best.tokens == ()
    assert found.no_speech_probability > 0.5


@pytest.mark.shared
def test_the_sounds_of_a_room_are_no_words(tiny: WhisperRecognizer) -> None:
    folder = DATA / "noise_ambience"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent")
    rooms = [sound_of(folder / name) for name in ("coffee-shop.opus", "dograh_office.opus")]
    pieces = [room[at : at + 160000] for room in rooms for at in (0, 160000)]
    assert [each.best.text for each in tiny.transcribe(pieces, GREEDY)] == [""] * 4


def test_a_scrap_of_a_word_is_no_sentence(tiny: WhisperRecognizer, long: Samples) -> None:
    for size in (1, 80, 800):
        assert len(recognize(tiny, long[8000 : 8000 + size]).split()) <= 2


def test_damaged_sound_is_heard(tiny: WhisperRecognizer, long: Samples) -> None:
    telephone = resample(resample(long, 16000, 8000), 8000, 16000)
    clipped = np.clip(30 * long, -0.5, 0.5)
    faint, offset = long / 300, long + np.float32(0.3)
    for sound in (telephone, clipped, faint, offset):
        assert word_errors(LONG.split(), recognize(tiny, sound).split()) <= 3


def test_sound_that_is_no_language_does_not_go_on_for_ever(
    tiny: WhisperRecognizer, long: Samples
) -> None:
    (found,) = tiny.transcribe([np.tile(long[::-1], 5)], GREEDY)
    text = found.best.text.encode()
    assert len(text) / len(zlib.compress(text)) < 2.4
    assert len(found.best.tokens) <= 8 + 5 * 5 * long.size / 16000


def test_speech_is_known_as_speech(tiny: WhisperRecognizer, long: Samples) -> None:
    (found,) = tiny.transcribe([long], GREEDY)
    assert found.no_speech_probability < 0.1
    assert found.best.log_probability > -0.5


@pytest.mark.parametrize("beam_width", [1, 5])
def test_words_have_times_and_probabilities(
    tiny: WhisperRecognizer, long: Samples, beam_width: int
) -> None:
    options = RecognizerOptions(language="en", word_times=True, beam_width=beam_width)
    (found,) = tiny.transcribe([long], options)
    words = found.best.words
    assert plain(" ".join(word.text for word in words)) == plain(found.best.text)
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[-1] <= long.size / 16000
    assert all(0 < word.probability <= 1 for word in words)
    began = {plain(word.text): word.start_s for word in words}
    assert began["which"] == pytest.approx(1.75, abs=0.3)
    assert began["printed"] == pytest.approx(4.1, abs=0.4)


def test_words_of_a_batch_are_those_of_each_alone(
    tiny: WhisperRecognizer, short: Samples, long: Samples
) -> None:
    options = RecognizerOptions(language="en", word_times=True)
    together = tiny.transcribe([short, long, short[:29000]], options)
    (alone,) = tiny.transcribe([short], options)
    for one, other in zip(together[0].best.words, alone.best.words, strict=True):
        assert one.text == other.text
        assert one.start_s == pytest.approx(other.start_s, abs=0.1)


def test_several_hypotheses_are_distinct_and_in_order(
    tiny: WhisperRecognizer, short: Samples
) -> None:
    options = RecognizerOptions(language="en", n_best=4, word_times=True)
    (found,) = tiny.transcribe([short], options)
    texts = [each.text for each in found.hypotheses]
    assert 2 <= len(texts) <= 4
    assert len(set(texts)) == len(texts)
    likelihoods = [each.log_probability for each in found.hypotheses]
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert plain(texts[0]) == SHORT
    assert all(len(each.words) == len(each.text.split()) for each in found.hypotheses)


def test_hotwords_are_spelled_as_given(tiny: WhisperRecognizer, long: Samples) -> None:
    assert "blockbooks" not in recognize(tiny, long)
    assert "blockbooks" in recognize(tiny, long, hotwords=("Blockbooks",))


@pytest.mark.inventory("WH-058", "WH-059")
def test_a_heavy_hotword_is_heard_in_place_of_what_sounds_like_it(tiny: WhisperRecognizer) -> None:
    sound = sound_of(SPEECH / "spk2_snt2.ogg")
    words = ("Bloke", "Moderne", "Smawl", "Joye")
    for weight, joy in ((0.0, "joy"), (4.0, "joye")):
        heard = recognize(tiny, sound, hotwords=words, hotword_weight=weight)
        assert heard == f"what {joy} there is in living"


def test_hotwords_that_were_not_said_do_no_harm(tiny: WhisperRecognizer, long: Samples) -> None:
    assert recognize(tiny, long, hotwords=("forerunners", "Kubernetes"), hotword_weight=4.0) == LONG


@pytest.mark.parametrize(
    "hotwords",
    [
        tuple(f"word{number}" for number in range(1000)),
        ("aaaa",),
        ("\N{GRINNING FACE}", "\N{PARTY POPPER}"),
        (" ", ""),
        ("a", "the", "which"),
    ],
    ids=["a thousand", "letters", "emoji", "blank", "common words"],
)
def test_hotwords_that_make_no_sense_do_no_harm(
    tiny: WhisperRecognizer, long: Samples, hotwords: tuple[str, ...]
) -> None:
    assert recognize(tiny, long, hotwords=hotwords) == LONG


def test_a_prompt_sets_the_style(tiny: WhisperRecognizer, long: Samples) -> None:
    found = recognize(tiny, long, prompt="The blockbooks of the predecessor")
    assert found == LONG.replace("block books", "blockbooks")


def test_what_cannot_be_done_is_refused(tiny: WhisperRecognizer, short: Samples) -> None:
    with pytest.raises(LanguageNotSpoken, match="'de'"):
        tiny.transcribe([short], RecognizerOptions(language="de"))
    with pytest.raises(UtteranceTooLong, match=r"31\.0 s"):
        tiny.transcribe([np.zeros(31 * 16000, np.float32)], GREEDY)


def test_the_language_is_detected(base: WhisperRecognizer, long: Samples) -> None:
    (found,) = base.transcribe([long], RecognizerOptions())
    assert (found.language, plain(found.best.text)) == ("en", LONG)
    assert found.language_probability > 0.8
    assert {"en", "de", "hi", "zh", "yo"} <= set(base.languages)


@pytest.mark.parametrize(
    ("clip", "language", "said", "wrong"),
    [
        ("es_18395098", "es", "De invierno no quiero saber nada", 0.1),
        ("zh-CN_18647608", "zh", "你是有能力的不是吗", 0.1),
        ("hi_23796049", "hi", "अभी पोलैंड में क्या हो रहा है", 0.5),
    ],
)
def test_other_languages_are_heard(
    base: WhisperRecognizer, clip: str, language: str, said: str, wrong: float
) -> None:
    sound = sound_of(SPEECH / f"common_voice_{clip}.opus")
    (found,) = base.transcribe([sound], RecognizerOptions())
    assert found.language == language
    (found,) = base.transcribe([sound], RecognizerOptions(language=language))
    expected, letters = letters_of(said), letters_of(found.best.text)
    assert word_errors(expected, letters) <= wrong * len(expected), found.best.text


@pytest.mark.shared
@pytest.mark.parametrize("language", ["de", "es", "fr", "ja"])
def test_other_languages_are_detected_and_translated(
    base: WhisperRecognizer, language: str
) -> None:
    folder = DATA / f"commonvoice_rsample_{language}"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent")
    rows = (folder / "manifest.jsonl").read_text("utf-8").splitlines()[:8]
    sounds = [sound_of(Path(folder, json.loads(row)["file"])) for row in rows]
    found = base.transcribe(sounds, RecognizerOptions(temperatures=(0.0,)))
    assert sum(each.language == language for each in found) >= 6
    english = base.transcribe(
        sounds[:1], RecognizerOptions(language=language, task="translate", temperatures=(0.0,))
    )
    assert english[0].best.text != found[0].best.text
