"""Language models from text, and hypotheses ordered by them."""

import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.asr.language_model import LanguageModelInvalid, lm_form, open_language_model
from app.asr.lm_training import CorpusTooSmall, train
from app.asr.recognition import Hypothesis
from app.asr.rescoring import Rescoring, rescore
from app.cli.lm import lm

TEXT = """The bank gave me a loan.
I paid the loan to the bank!
the bank is open
a loan from the bank
she paid the bank
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_what_was_read_is_likelier_than_what_was_not(corpus: Path, tmp_path: Path) -> None:
    model = train(corpus, 2, tmp_path / "model.arpa", print)
    assert model.log_probability("i paid the bank") > model.log_probability("bank the paid i")
    assert model.words is not None
    assert "loan" in model.words
    assert "<unk>" not in model.words
    # Unknown words are unlikely, not impossible.
    assert -30 < model.log_probability("zebra") < model.log_probability("bank")


def test_a_text_without_repetition_gets_a_lower_order(tmp_path: Path) -> None:
    corpus = tmp_path / "text.txt"
    corpus.write_text("hello world\nhello\n")
    said: list[str] = []
    model = train(corpus, 3, tmp_path / "model.arpa", said.append)
    assert model.order < 3
    assert any("lowered" in line for line in said)
    assert model.log_probability("hello world") > -10


@pytest.mark.parametrize("text", ["", "\n\n", "... !\n"])
def test_a_text_without_words_is_refused(tmp_path: Path, text: str) -> None:
    corpus = tmp_path / "text.txt"
    corpus.write_text(text)
    with pytest.raises(CorpusTooSmall):
        train(corpus, 3, tmp_path / "model.arpa", print)


def test_devanagari(tmp_path: Path) -> None:
    corpus = tmp_path / "text.txt"
    corpus.write_text("मैं घर गया।\nमैं बाज़ार गया\nवह घर गया\n", "utf-8")
    model = train(corpus, 2, tmp_path / "model.arpa", print)
    assert model.words is not None
    assert lm_form("बाज़ार") in model.words
    assert lm_form("बाज़ार") == unicodedata.normalize("NFC", "बाज़ार")


def test_the_command(corpus: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.arpa"
    result = CliRunner().invoke(lm, ["build", str(corpus), "--order", "2", "-o", str(target)])
    assert result.exit_code == 0, result.output
    assert "order 2" in result.output
    assert open_language_model(target).order == 2


def test_what_is_no_model_is_refused(corpus: Path) -> None:
    with pytest.raises(LanguageModelInvalid, match="is no language model"):
        open_language_model(corpus)


def test_form_of_text() -> None:
    assert lm_form('  "Hello, World!"  it\'s 5 -- ok ') == "hello world it's 5 ok"


def test_the_model_reorders_close_hypotheses(corpus: Path, tmp_path: Path) -> None:
    model = train(corpus, 2, tmp_path / "model.arpa", print)
    wrong, right = Hypothesis("I paid the tank.", -0.30), Hypothesis("I paid the bank.", -0.31)
    rules = Rescoring(alpha=0.3)
    assert rescore([wrong, right], model, rules) == [right, wrong]
    assert rescore([wrong, right], None, rules) == [wrong, right]


def test_what_was_heard_clearly_stays_first(corpus: Path, tmp_path: Path) -> None:
    model = train(corpus, 2, tmp_path / "model.arpa", print)
    clear, likely = Hypothesis("I paid the tank.", -0.05), Hypothesis("I paid the bank.", -3.0)
    assert rescore([clear, likely], model, Rescoring(alpha=0.1))[0] is clear


@pytest.mark.inventory("WH-058")
def test_a_hotword_lifts_its_hypothesis() -> None:
    first, second = Hypothesis("Call low tap.", -0.30), Hypothesis("Call Loan Tap.", -0.40)
    rules = Rescoring(hotwords=("LoanTap", "loan tap"), hotword_bonus=1.0)
    assert rescore([first, second], None, rules)[0] is second
