"""Language models from text, and hypotheses ordered by them."""

import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.asr.kenlm_tools import NoCompiler
from app.asr.language_model import LanguageModelInvalid, lm_form, open_language_model
from app.asr.lm_training import CorpusTooSmall, train
from app.cli.lm import lm
from app.core.errors import InvalidInput

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


def test_a_text_in_which_nothing_repeats_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    corpus, target = tmp_path / "text.txt", tmp_path / "model.arpa"
    corpus.write_text("hello world\n")
    with pytest.raises(CorpusTooSmall, match="too few words repeat"):
        train(corpus, 3, target, print)
    assert not target.exists()


def test_what_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    corpus = tmp_path / "text.txt"
    corpus.write_bytes("un café\n".encode("latin-1"))
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        train(corpus, 3, tmp_path / "model.arpa", print)


def test_a_folder_that_is_not_there_is_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere is not a directory"):
        train(corpus, 2, tmp_path / "nowhere" / "model.arpa", print)


def test_marks_of_models_are_no_words_of_a_text(tmp_path: Path) -> None:
    """They would make beginnings of sentences impossible."""
    corpus, marked = tmp_path / "text.txt", tmp_path / "marked.txt"
    corpus.write_text(TEXT)
    marked.write_text(TEXT.replace("the loan", "<s> the </s> <unk> loan"))
    models = [train(each, 2, each.with_suffix(".arpa"), print) for each in (corpus, marked)]
    assert models[0].words == models[1].words
    said = "the bank is open"
    assert models[0].log_probability(said) == models[1].log_probability(said)


def test_devanagari(tmp_path: Path) -> None:
    corpus = tmp_path / "text.txt"
    corpus.write_text("मैं घर गया।\nमैं बाज़ार गया\nवह घर गया\n", "utf-8")
    model = train(corpus, 2, tmp_path / "model.arpa", print)
    assert model.words is not None
    assert lm_form("बाज़ार") in model.words
    assert lm_form("बाज़ार") == unicodedata.normalize("NFC", "बाज़ार")


def build(corpus: Path, target: Path, *options: str) -> Result:
    """As on a machine with nothing installed."""
    command = ["build", str(corpus), "--order", "2", "-o", str(target), *options]
    environment = {"PATH": "", "PARLEY_MODELS": str(target.parent / "models")}
    return CliRunner().invoke(lm, command, env=environment)


def test_the_command_needs_no_compiler_and_says_what_one_would_give(
    corpus: Path, tmp_path: Path
) -> None:
    target = tmp_path / "model.arpa"
    result = build(corpus, target)
    assert result.exit_code == 0, result.output
    assert "kaldingram is used, not lmplz" in result.stderr
    assert "no C++ compiler" in result.stderr
    assert "order 2" in result.stdout
    assert open_language_model(target).order == 2


def test_lmplz_is_not_replaced_where_it_was_asked_for(corpus: Path, tmp_path: Path) -> None:
    result = build(corpus, tmp_path / "model.arpa", "--with", "lmplz")
    assert isinstance(result.exception, NoCompiler)
    assert not (tmp_path / "model.arpa").exists()


def test_what_kaldingram_cannot_write_is_refused(corpus: Path, tmp_path: Path) -> None:
    result = build(corpus, tmp_path / "model.bin", "--with", "kaldingram")
    assert "kaldingram writes ARPA" in str(result.exception)


def test_what_is_no_model_is_refused(corpus: Path) -> None:
    with pytest.raises(LanguageModelInvalid, match="is no language model"):
        open_language_model(corpus)


def test_form_of_text() -> None:
    assert lm_form('  "Hello, World!"  it\'s 5 -- ok ') == "hello world it's 5 ok"


def test_words_one_after_the_other_are_as_likely_as_the_sentence(
    corpus: Path, tmp_path: Path
) -> None:
    model = train(corpus, 2, tmp_path / "model.arpa", print)
    state, total = model.begin(), 0.0
    for word in ["the", "bank", "zebra", "</s>"]:
        log_probability, state = model.follow(state, word)
        total += log_probability
    assert total == pytest.approx(model.log_probability("the bank zebra"), rel=1e-5)
