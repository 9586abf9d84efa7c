"""Whole texts: sounds, places, pauses; and texts that mean harm."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tts.speech import Sentence
from app.tts.text.breaks import LONGEST_BREAK_S, PARAGRAPH_S
from app.tts.text.languages import LANGUAGES
from app.tts.text.reading import TextReader
from app.tts.text.sounds.alphabet import SOUNDS
from app.tts.text.sounds.espeak import espeak_sounds
from tests.own_time import OwnTime
from tests.unit.tts.text.conftest import Read, sounds_of

MARKS = ".,:!)"
MOST_SOUNDS = 510
"""That the model takes at once."""


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("the cat", "ðə kˈæt"),
        ("the apple", "ði ˈæpᵊl"),
        ("a cat to go", "ɐ kˈæt tə ɡˈO"),
        ("to apple", "tʊ ˈæpᵊl"),
        ("I record it", "ˌI ɹəkˈɔɹd ɪt"),
        ("a record", "ɐ ɹˈɛkəɹd"),
        ("have read", "hˈæv ɹˈɛd"),
        ("go in.", "ɡˈO ˈɪn."),
        ("I can. I can go.", "ˌI kˈæn. ˌI kæn ɡˈO."),
        ("cats walked stopped stopping watches", "kˈæts wˈɔkt stˈɑpt stˈɑpɪŋ wˈɑʧᵻz"),
        ("cat's cats'", "kˈæts kˈæts"),
        ("waited waiting", "wˈATᵻd wˈATɪŋ"),
        ("US us NASA", "jˌuˈɛs ˌʌs nˈæsə"),
        ("HELLO WORLD GO", "həlˈO wˈɜɹld ɡˈO"),
        ("hello (world) go", "həlˈO, wˈɜɹld, ɡˈO"),
        ('hello... "world"? go!', "həlˈO… wˈɜɹld? ɡˈO!"),
        ("hello -- world", "həlˈO— wˈɜɹld"),
        ("hello ?!, world", "həlˈO? wˈɜɹld"),
    ],
)
def test_english_sounds(read: Read, text: str, sounds: str) -> None:
    assert " ".join(sounds_of(read(text))) == sounds


@pytest.mark.parametrize(
    ("language", "text", "sounds"),
    [
        ("hi", "नमस्ते, गाड़ी।", "nəmˈʌsteː, ɡˈaːr.i."),
        ("es", "¡Hola, niños!", "ˈola, nˈiɲos!"),
        ("fr", "les amis", "lez amˈi"),
        ("it", "ciao gli altri", "ʧˈao ʎɪ ˈaltrɪ"),
        ("pt-br", "olá você", "olˈa vosˈe"),
        ("zh", "你好，我的朋友。", "ni↗xau↓, wo↓ tɤ pʰə↗ŋjou↓."),
        ("zh", "银行不要", "i↗nxa↗ŋ pu↗jau↘"),
        ("ja", "今日は天気がいい。", "kʲoː βa teŋkʲi ɡa ii."),
        ("ja", "ちょっと待って", "ʨoʔto maʔte"),
        ("ja", "1995年", "seŋkʲɨːçakɯkʲɨːʥɨːɡo neɴ"),
        ("en-gb", "cafetière", "kˌafɪtiˈɛː"),
    ],
)
def test_sounds_of_other_languages(read: Read, language: str, text: str, sounds: str) -> None:
    assert " ".join(sounds_of(read(text, language))) == sounds


def test_words_that_are_said_as_one_stand_for_both(read: Read) -> None:
    text = "Qu'est-ce que c'est ?"
    (sentence,) = read(text, "fr")
    assert "".join(word.sounds for word in sentence.words) == "kɛskˌəsˈɛ?"
    assert sentence.words[-1].begin == text.index("que")


def test_a_run_in_another_script_is_said_in_its_language(read: Read) -> None:
    sounds = sounds_of(read("hello नमस्ते world"))
    assert sounds == ["həlˈO", "nəmˈʌsteː", "wˈɜɹld"]
    assert sounds_of(read("नमस्ते hello", "hi"))[1] == "həlˈO"


def test_scripts_that_nobody_can_say_are_left_out(read: Read) -> None:
    assert sounds_of(read("hello שלום Привет world")) == ["həlˈO", "wˈɜɹld"]
    assert read("שלום עליכם") == []


def test_a_word_is_what_stands_at_its_place(read: Read) -> None:
    text = 'So <b>Dr.</b> cafe\u0301, "hello" (world): 42 €5. Go!'
    for sentence in read(text):
        for word in sentence.words:
            there = text[word.begin : word.end]
            assert there
            if word.text.isascii() and there[0] == word.text[0]:
                assert there.rstrip(MARKS) == word.text.rstrip(MARKS)
    places = [text[word.begin : word.end] for sentence in read(text) for word in sentence.words]
    assert places == [
        "So", "Dr.", "cafe\u0301,", "hello", "world):", "42", "42", "€5", "€5.", "Go!",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "pauses"),
    [
        ("hello. world", [0, 0]),
        ("hello\n\nworld", [PARAGRAPH_S, 0]),
        ('hello <break time="300ms"/> world', [0.3, 0]),
        ("hello <break time='1.5s'/> world", [1.5, 0]),
        ('hello<break strength="strong"/>world', [0.7, 0]),
        ("hello <break/><break/> world", [0.8, 0]),
        ('hello <break time="999s"/> world', [LONGEST_BREAK_S, 0]),
        ('<break time="1s"/> world', [0]),
        ('hello <break time="2s"/>', [2]),
        ('hello <break time="soon"/> world', [0]),
    ],
)
def test_pauses(read: Read, text: str, pauses: list[float]) -> None:
    assert [sentence.pause_s for sentence in read(text)] == pytest.approx(pauses)


LETTERS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="aé1२٣.,$₹%:/@-<>&;'\"\u200d\u0301नमा़ह你か😀\n \t()#+°½€", max_size=120),
)
PLENTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@PLENTY
@given(LETTERS, st.sampled_from(sorted(LANGUAGES)))
def test_any_text_is_read_or_left_but_never_fails(
    reader: TextReader, text: str, language: str
) -> None:
    begins = -1
    for sentence in reader.read(text, LANGUAGES[language]):
        assert sentence.words
        assert sum(len(word.sounds) + 1 for word in sentence.words) <= MOST_SOUNDS
        for word in sentence.words:
            assert 0 <= word.begin < word.end <= len(text)
            assert word.begin >= begins
            assert word.sounds
            assert set(word.sounds) <= SOUNDS
            begins = word.begin


@PLENTY
@given(st.text(alphabet="abcdeXYZ 0123 .,!?'-", max_size=150))
def test_each_letter_and_figure_of_plain_english_belongs_to_a_word(
    reader: TextReader, text: str
) -> None:
    words = [word for sentence in reader.read(text, LANGUAGES["en-us"]) for word in sentence.words]
    said = {at for word in words for at in range(word.begin, word.end)}
    assert not [at for at, letter in enumerate(text) if letter.isalnum() and at not in said]


def _seconds(reader: TextReader, text: str) -> tuple[float, list[Sentence]]:
    with OwnTime() as took:
        sentences = list(reader.read(text, LANGUAGES["en-us"]))
    return took.s, sentences


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        "7" * 10_000,
        "., " * 5_000,
        "1.2.3." * 3_000,
        "a." * 5_000,
        "<" * 10_000,
        "<break " * 2_000,
        "http://" * 2_000,
        "a@" * 5_000,
        "-1" * 5_000,
        "1/" * 5_000,
        "\n" * 10_000 + "x",
        "\u200d" * 10_000,
        "e\u0301" * 5_000,
        "(((" * 3_000,
        "$1,1" * 3_000,
        "x\n" * 5_000,
    ],
    ids=lambda text: repr(text[:7]),
)
def test_hostile_texts_take_no_long_time(reader: TextReader, text: str) -> None:
    took_s, sentences = _seconds(reader, text)
    assert took_s < 0.1 * len(text) / 1000
    assert all(word.end <= len(text) for sentence in sentences for word in sentence.words)


def test_numbers_are_read_in_hundreds_where_that_is_asked_for(reader: TextReader) -> None:
    [sentence] = reader.read("Pay 4500 now", LANGUAGES["en-us"], hundreds=True)
    assert [word.text for word in sentence.words] == ["Pay", "forty", "five", "hundred", "now"]
    assert {(word.begin, word.end) for word in sentence.words[1:4]} == {(4, 8)}


def test_readers_in_many_threads_do_not_disturb_each_other(reader: TextReader) -> None:
    texts = {"hi": "नमस्ते दुनिया", "es": "hola niños", "fr": "les amis", "en-us": "zyzzyva qat"}
    alone = {code: sounds_of(list(reader.read(texts[code], LANGUAGES[code]))) for code in texts}
    espeak_sounds.cache_clear()

    def again(code: str) -> bool:
        numbered = f"{texts[code]} {uuid4().hex[:4]}"
        said = sounds_of(list(reader.read(numbered, LANGUAGES[code])))
        return said[: len(alone[code])] == alone[code]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(again, list(texts) * 50))


def test_a_long_text_is_read_as_it_is_needed(reader: TextReader) -> None:
    text = "The cat can go in, and I read 25 apples at 3:30pm. " * 2000
    with OwnTime() as took:
        first = next(reader.read(text, LANGUAGES["en-us"]))
    assert took.s < 0.5
    assert first.words[0].text == "The"
    took_s, sentences = _seconds(reader, text)
    assert len(sentences) == 2000
    assert took_s < 0.05 * len(text) / 1000
