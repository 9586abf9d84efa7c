"""The real weights tell what plain phrases are, whatever comes beside them or instead of words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.asr.engines.word_tags import LabelsDiffer, WordTags, load_word_tags
from app.asr.tags.labels import CATEGORIES, Kind
from app.inference.onnx import OnnxRuntime

FOLDER = Path(__file__).parents[3] / "onnx_models" / "word-tags"


@pytest.fixture(scope="module")
def tagger() -> Iterator[WordTags]:
    loaded = load_word_tags(FOLDER, OnnxRuntime("cpu", 1))
    yield loaded
    loaded.close()


@pytest.mark.parametrize(
    ("text", "kind", "category", "label"),
    [
        ("Please open the file and run it.", "interview", "behavior", "BEHAVIOR_DIRECT"),
        ("Okay, I see.", "interview", "behavior", "BEHAVIOR_ACKNOWLEDGE"),
        ("Can you tell me about your experience?", "interview", "role", "ROLE_INTERVIEWER"),
        ("In my last job I worked on payments.", "interview", "role", "ROLE_INTERVIEWEE"),
        ("No, that is wrong.", "interview", "eval", "EVAL_INCORRECT"),
        ("Yes, that's correct.", "interview", "eval", "EVAL_CORRECT"),
        ("Where is my order?", "general", "intent", "INTENT_ORDER_STATUS"),
        ("I want to cancel my subscription", "interview", "intent", "INTENT_CANCEL"),
        ("Goodbye, have a nice day.", "general", "intent", "INTENT_FAREWELL"),
        ("maine payment kar diya hai", "loans", "intent", "INTENT_CLAIMS_PAID"),
        ("मैं कल पेमेंट कर दूँगा", "loans", "intent", "INTENT_PROMISE_TO_PAY"),
        ("Your EMI is overdue, sir.", "loans", "intent", "INTENT_PAYMENT_REMINDER"),
        ("How can I help you today?", "loans", "role", "ROLE_AGENT"),
    ],
)
def test_a_plain_phrase_is_known(
    tagger: WordTags, text: str, kind: Kind, category: str, label: str
) -> None:
    (tags,) = tagger.tag([text], kind)
    assert tags[category].label == label


@pytest.mark.parametrize("kind", list(CATEGORIES))
def test_all_categories_and_labels_are_told(tagger: WordTags, kind: Kind) -> None:
    (tags,) = tagger.tag(["so what happens next"], kind)
    assert tags.keys() == CATEGORIES[kind].keys()
    for category, labels in CATEGORIES[kind].items():
        likely = tags[category].probabilities
        assert tuple(likely) == labels
        assert sum(likely.values()) == pytest.approx(1, abs=1e-4)
        assert tags[category].label in labels


@pytest.mark.parametrize("kind", ["general", "loans"])
def test_what_intends_nothing_is_given_no_intent_for_the_sake_of_one(
    tagger: WordTags, kind: Kind
) -> None:
    (tags,) = tagger.tag(["the block books were the predecessors of the printed book"], kind)
    intent = tags["intent"]
    assert max(intent.probabilities.values()) < 0.35
    assert intent.label == "INTENT_OTHER"


def test_what_stands_beside_a_text_changes_nothing(tagger: WordTags) -> None:
    texts = ["hello there", "", "I lost my card", "haan theek hai", "word " * 300]
    together = tagger.tag(texts, "general")
    assert together[::-1] == tagger.tag(texts[::-1], "general")
    assert together == [tagger.tag([text], "general")[0] for text in texts]


def test_case_and_marks_change_nothing(tagger: WordTags) -> None:
    plain, written = tagger.tag(["where is my order", "Where is, my ORDER?!"], "general")
    assert plain == written


@pytest.mark.parametrize("text", ["", "   ", "...?!", "🙂🙂", "\x00\x07\u200b", "\u0301"])
def test_no_words_have_no_tags(tagger: WordTags, text: str) -> None:
    assert tagger.tag([text], "interview") == [{}]


@pytest.mark.parametrize(
    "text",
    ["word " * 10_000, "x" * 100_000, "日本語のテキスト", "a\x00b\x1b[2J", "\ud800 lone", "ñ́"],
)
def test_any_words_have_tags(tagger: WordTags, text: str) -> None:
    (tags,) = tagger.tag([text], "loans")
    assert tags.keys() == {"intent", "role"}


def test_weights_for_other_labels_are_refused(tmp_path: Path) -> None:
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    labels = tmp_path / "labels.json"
    labels.write_text(labels.read_text("utf-8").replace("EVAL_SKIP", "EVAL_LEFT"), "utf-8")
    with pytest.raises(LabelsDiffer, match="eval for interview"):
        load_word_tags(tmp_path, OnnxRuntime("cpu", 1))
