"""A language model of a few sentences, trained as `parley lm build` does."""

import pytest

from app.asr.language_model import LanguageModel
from app.asr.lm_training import train

SENTENCES = """The cab is a bad cab.
A bad dad had a cab.
The dad had a bad bag
a cab had a bag
the bag is bad
a dad is a dad
dad had a bag
"""


@pytest.fixture(scope="session")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text.txt").write_text(SENTENCES)
    return train(folder / "text.txt", 2, folder / "model.arpa", print)
