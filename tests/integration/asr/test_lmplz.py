"""KenLM's lmplz: compiled of its source, once on a machine, and what it learns."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.asr import lm_training, lmplz
from app.asr.kenlm_tools import COMPILERS, KenlmTools, make_tools, tools_here
from app.asr.language_model import LanguageModel, open_language_model
from app.asr.lm_training import CorpusTooSmall, TrainingFailed
from app.core import settings
from app.core.errors import InvalidInput
from app.inference.fetch import RecipeFailed
from app.inference.model_store import ModelStore
from app.inference.progress import PlainReporter

SUBJECTS = ["the bank", "my uncle", "a farmer", "our neighbour", "the doctor", "his sister"]
VERBS = ["gave", "sold", "owed", "brought", "showed", "lent"]
OBJECTS = [
    "me a loan",
    "the children a horse",
    "us an old letter",
    "them two apples",
    "her the key",
]
SENTENCES = [f"{one} {two} {three}" for one in SUBJECTS for two in VERBS for three in OBJECTS]
HELD_BACK = slice(0, None, 7)
MEMORY_MB = 64

Train = Callable[..., LanguageModel]


@pytest.fixture(scope="module")
def tools() -> KenlmTools:
    """In the store of models, where the next run finds them."""
    if not any(map(shutil.which, COMPILERS)):
        pytest.skip("there is no C++ compiler")
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    return tools_here(store) or make_tools(store, PlainReporter(io.StringIO()))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    kept = [text for text in SENTENCES if text not in SENTENCES[HELD_BACK]]
    path = tmp_path / "text.txt"
    path.write_text("\n".join(kept), "utf-8")
    return path


def train(tools: KenlmTools, text: Path, target: Path, order: int = 3) -> LanguageModel:
    return lmplz.train(tools, text, order, target, MEMORY_MB, lambda _: None)


def test_its_models_expect_new_sentences_more_than_kaldingrams(
    tools: KenlmTools, corpus: Path, tmp_path: Path
) -> None:
    ours = train(tools, corpus, tmp_path / "lmplz.arpa")
    other = lm_training.train(corpus, 3, tmp_path / "kaldingram.arpa", lambda _: None)
    likely = [sum(map(model.log_probability, SENTENCES[HELD_BACK])) for model in (ours, other)]
    assert likely[0] > likely[1]
    assert ours.words is not None
    assert other.words is not None
    assert set(ours.words) == set(other.words)


def test_a_binary_model_is_the_same_and_knows_its_words(
    tools: KenlmTools, corpus: Path, tmp_path: Path
) -> None:
    text, binary = (train(tools, corpus, tmp_path / name) for name in ("en.arpa", "en.bin"))
    assert binary.words == text.words
    for sentence in (*SENTENCES[:5], "my uncle zebra", ""):
        expected = pytest.approx(text.log_probability(sentence), rel=1e-5)
        assert binary.log_probability(sentence) == expected
    assert {path.name for path in tmp_path.iterdir()} == {
        *("text.txt", "en.arpa", "en.bin", "en.bin.words"),
    }


def test_what_fails_leaves_the_model_that_was_there(
    tools: KenlmTools, corpus: Path, tmp_path: Path
) -> None:
    target, empty, broken = (tmp_path / name for name in ("en.bin", "empty.txt", "broken.txt"))
    train(tools, corpus, target)
    before = target.read_bytes()
    empty.write_text("... !\n")
    broken.write_bytes("un café\n".encode("latin-1"))
    with pytest.raises(CorpusTooSmall):
        train(tools, empty, target)
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        train(tools, broken, target)
    with pytest.raises(TrainingFailed, match="false failed"):
        train(KenlmTools(tools.lmplz, Path(shutil.which("false") or "")), corpus, target)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob(".lm-*"))
    assert open_language_model(target).order == 3


def test_a_compiler_that_fails_is_quoted_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands, models = tmp_path / "bin", tmp_path / "models"
    commands.mkdir()
    compiler = commands / "c++"
    compiler.write_text(
        '#!/bin/sh\ncase "$*" in *" -c "*) echo no space left on the moon >&2; exit 1;; esac\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=":")
    store = ModelStore(models)
    with pytest.raises(RecipeFailed, match=r"c\+\+ failed:\nno space left on the moon"):
        make_tools(store, PlainReporter(io.StringIO()))
    assert not list(models.rglob("lmplz"))
    monkeypatch.setenv("PATH", str(commands))
    assert tools_here(store) is None
