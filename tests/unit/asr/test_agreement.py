"""Words on which two looks at a sentence agree stay, whatever later looks say."""

from hypothesis import given
from hypothesis import strategies as st

from app.asr.agreement import MARGIN_S, Agreement
from app.asr.text.folding import key
from app.asr.text.words import Word, text_of


def words(text: str, each_s: float = 0.3) -> list[Word]:
    return [Word(word, at * each_s, (at + 1) * each_s) for at, word in enumerate(text.split())]


def test_two_looks_must_agree() -> None:
    agreement = Agreement()
    agreement.add(words("hello how"), 9)
    assert agreement.stable == []
    agreement.add(words("hello who are"), 9)
    assert text_of(agreement.stable) == "hello"
    agreement.add(words("Hello, who are you"), 9)
    assert text_of(agreement.stable) == "Hello, who are"


def test_words_at_the_end_of_the_sound_are_not_sure_yet() -> None:
    agreement = Agreement()
    for _ in range(2):
        agreement.add(words("one two three four"), 4 * 0.3)
    assert text_of(agreement.stable) == "one two"
    assert agreement.stable[-1].end_s <= 4 * 0.3 - MARGIN_S


def test_a_later_look_that_disagrees_changes_only_what_follows() -> None:
    agreement = Agreement()
    for _ in range(2):
        agreement.add(words("produced the block"), 9)
    kept = agreement.keep(words("produce the block books which"))
    assert text_of(kept) == "produced the block books which"
    assert text_of(agreement.keep(words("nothing like it at all"))) == "produced the block at all"
    assert text_of(agreement.keep([])) == "produced the block"


LOOK = st.tuples(
    st.lists(st.sampled_from(["a", "A.", "b", "b,", "c", "d"]), max_size=8),
    st.floats(0, 4),
)


@given(st.lists(LOOK, max_size=12))
def test_a_stable_word_never_changes(looks: list[tuple[list[str], float]]) -> None:
    agreement = Agreement()
    before: list[str] = []
    for texts, heard_s in looks:
        shown = agreement.add(words(" ".join(texts)), heard_s)
        stable = [key(word.text) for word in agreement.stable]
        assert stable[: len(before)] == before
        assert [key(word.text) for word in shown][: len(stable)] == stable
        before = stable
