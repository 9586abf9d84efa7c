"""How much of an utterance was heard: never a word more than was played, whoever looks when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.realtime.conversation import HeardWord
from app.realtime.utterance import Utterance

WORD_S = 0.25
SECONDS = st.integers(0, 400).map(lambda hundredths: hundredths / 100)
TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "five,", "Sunday", "o'clock."]), min_size=1, max_size=6),
    min_size=1,
    max_size=3,
)


def uttered(texts: list[list[str]], given_words: int | None = None) -> Utterance:
    """One after the other without a pause; the last breaks off after so many words."""
    utterance, given_s = Utterance(), 0.0
    for number, words in enumerate(texts):
        is_last = number == len(texts) - 1
        text, end = " ".join(words), 0
        utterance.begin(text, given_s)
        for place, word in enumerate(words[: given_words if is_last else None]):
            end = text.index(word, end) + len(word)
            start_s = place * WORD_S
            given_s += WORD_S
            utterance.give((HeardWord(end, start_s, start_s + WORD_S),), given_s)
        if not is_last or given_words is None:
            utterance.end()
    return utterance


@given(TEXTS, SECONDS)
def test_a_word_counts_when_half_of_it_was_played(texts: list[list[str]], played_s: float) -> None:
    words = [word for text in texts for word in text]
    heard = [w for place, w in enumerate(words) if played_s >= (place + 0.5) * WORD_S]
    assert uttered(texts).heard(played_s).split() == heard


@given(TEXTS, st.integers(0, 6), SECONDS)
def test_what_broke_off_is_never_heard(
    texts: list[list[str]], given_words: int, played_s: float
) -> None:
    words = [word for text in texts[:-1] for word in text] + texts[-1][:given_words]
    heard = uttered(texts, given_words).heard(played_s).split()
    assert heard == words[: len(heard)]


@given(TEXTS, SECONDS, SECONDS)
def test_who_listens_longer_has_heard_no_less(
    texts: list[list[str]], one_s: float, other_s: float
) -> None:
    less, more = sorted((one_s, other_s))
    utterance = uttered(texts)
    assert utterance.heard(more).startswith(utterance.heard(less))


@pytest.mark.parametrize(
    ("given_s", "is_whole", "played_s", "heard"),
    [
        (2.0, True, 1.0, "nine days"),
        (2.0, True, 2.0, "nine days of wonder"),
        (0.5, False, 0.5, "nine"),
        (2.0, False, 0.6, "nine"),
        (2.0, False, 9.0, "nine days of"),
    ],
)
def test_without_times_of_words_the_share_of_the_sound_counts_and_no_more_than_one_can_say(
    given_s: float, is_whole: bool, played_s: float, heard: str
) -> None:
    utterance = Utterance()
    utterance.begin("nine days of wonder", 0.0)
    utterance.give((), given_s)
    if is_whole:
        utterance.end()
    assert utterance.heard(played_s) == heard
