"""Every command of docs/tags.md, and that its examples show what there is."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.asr.catalogue import MODELS
from app.asr.tags.labels import CATEGORIES, DOMAINS, LOAN_INTENTS, SPEECH_ACTS
from tests.api.conftest import LiveServer
from tests.api.documented_commands import DOCUMENTS, Shell, commands_in
from tests.api.recordings import LONGER

PAGE = (DOCUMENTS / "tags.md").read_text("utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
async def test_every_command_of_the_page_does_what_the_page_says(
    server: LiveServer, tmp_path: Path
) -> None:
    shutil.copy(LONGER, tmp_path / "call.ogg")
    shell = Shell(tmp_path, server.url, server.token)
    answers = [json.loads(await shell.run(command)) for command, _ in commands_in("tags.md")]
    likely, intents, tiers, among = answers
    (segment,) = likely["segments"]
    assert all(len(shares) <= 3 for shares in segment["metadata_probs"].values())
    assert intents["intents"] == list(LOAN_INTENTS)
    (segment,) = tiers["segments"]
    assert set(segment["structured_intents"]) == {"speech_act", "domain"}
    (segment,) = among["segments"]
    shares = segment["metadata_probs"]["intent"]
    asked = {"INTENT_PROMISE_TO_PAY", "INTENT_FINANCIAL_HARDSHIP", "INTENT_OTHER"}
    assert set(shares) == asked
    assert sum(shares.values()) == pytest.approx(1)
    assert segment["metadata"]["intent"] in asked
    assert not {"not_applied"} & {*likely, *tiers, *among}


def test_the_labels_of_the_page_are_those_there_are() -> None:
    of_words = {
        label
        for categories in CATEGORIES.values()
        for labels in categories.values()
        for label in labels
    }
    named = set(re.findall(r"\b(?:BEHAVIOR|EVAL|ROLE|INTENT|DOMAIN|SPEECH_ACT)_[A-Z_]+", PAGE))
    assert named <= of_words | set(DOMAINS) | set(SPEECH_ACTS)
    assert set(CATEGORIES["interview"]["eval"]) <= named
    assert {label for label in of_words if label.startswith("ROLE_")} <= named


def test_the_models_of_the_page_tell_what_it_says() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*)$", PAGE, re.MULTILINE))
    for model in MODELS:
        voice, words, _ = rows[model.name].rstrip(" |").split(" | ")
        assert words.startswith("no tags") is not model.has_heads
        assert all(category in voice for category in model.voice)
        told: Any = CATEGORIES[model.words] if model.words else ()
        assert all(category in words for category in told)
