"""Whom the settings choose to be asked."""

import subprocess
import sys
from contextlib import AsyncExitStack, aclosing

import pytest

from app.core import settings
from app.core.setting_fields import SettingInvalid
from app.llm.conversation import Message, Prompt
from app.llm.providers.chosen import (
    ModelNotSetUp,
    chosen_names,
    contenders,
    described,
    shortcomings,
)

KEY = {"ANTHROPIC_API_KEY": "sk-ant-x"}


@pytest.mark.inventory("WH-349", "WH-350")
@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ["embedded"]),
        (KEY, ["claude"]),
        ({"LLM_PROVIDER": "claude"}, ["claude"]),
        ({"LLM_PROVIDER": "groq", **KEY}, ["groq"]),
        ({"LLM_PROVIDER": "embedded", **KEY}, ["embedded"]),
        ({"PARLEY_LLM_FAILOVER": "local, Gemini,,local"}, ["embedded", "local", "gemini"]),
        ({"PARLEY_LLM_FAILOVER": "claude,embedded", **KEY}, ["claude", "embedded"]),
    ],
)
def test_who_is_asked_and_in_which_order(environ: dict[str, str], names: list[str]) -> None:
    assert chosen_names(settings.load(environ).llm) == names


def test_a_name_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(SettingInvalid) as refused:
        chosen_names(settings.load({"PARLEY_LLM_FAILOVER": "claude,gtp"}).llm)
    assert refused.value.message == (
        "PARLEY_LLM_FAILOVER names 'gtp', which is none of claude, gemini, groq, local, embedded"
    )


@pytest.mark.inventory("WH-350", "WH-352")
@pytest.mark.parametrize(
    ("provider", "sentence"),
    [
        ("claude", "Claude was chosen to answer, and ANTHROPIC_API_KEY is not set"),
        ("gemini", "Gemini was chosen to answer, and GEMINI_API_KEY is not set"),
        ("groq", "Groq was chosen to answer, and GROQ_API_KEY is not set"),
    ],
)
async def test_a_missing_key_is_told_when_it_is_asked_and_not_before(
    provider: str, sentence: str
) -> None:
    llm = settings.load({"LLM_PROVIDER": provider}).llm
    assert shortcomings(llm) == [sentence]
    async with AsyncExitStack() as stack:
        (contender,) = contenders(llm, {}, stack)
        assert contender.provider.name == provider
        assert not contender.would_answer
        with pytest.raises(ModelNotSetUp) as refused:
            async with aclosing(
                contender.provider.stream(Prompt([Message("user", "Hello")]))
            ) as chunks:
                await anext(chunks)
    assert refused.value.message == sentence


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert shortcomings(settings.load({**KEY, "PARLEY_LLM_FAILOVER": "local,embedded"}).llm) == []


def test_they_are_described_with_their_models() -> None:
    environ = {**KEY, "PARLEY_LLM_FAILOVER": "local,embedded", "LOCAL_LLM_MODEL": "qwen3"}
    llm = settings.load(environ).llm
    assert described(llm) == ["claude claude-sonnet-4-6", "local qwen3", "embedded"]


@pytest.mark.parametrize("name", ["claude", "gemini", "groq", "local"])
def test_only_the_modules_of_those_who_are_asked_are_imported(name: str) -> None:
    """Those of some vendors take a second and many megabytes."""
    environ = {"LLM_PROVIDER": name, **KEY, "GEMINI_API_KEY": "x", "GROQ_API_KEY": "x"}
    code = (
        "import sys; from app.core import settings; from contextlib import AsyncExitStack\n"
        "from app.llm.providers.chosen import contenders\n"
        f"(chosen,) = contenders(settings.load({environ!r}).llm, {{}}, AsyncExitStack())\n"
        "print(chosen.provider.name, *sorted(m for m in sys.modules if 'providers.' in m),"
        " 'anthropic' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert told.split()[0] == name
    assert told.split()[-1] == str(name == "claude")
    module = {"claude": "claude", "gemini": "gemini"}.get(name, "openai_compatible")
    assert f"app.llm.providers.{module} " in told
    others = {"claude", "gemini", "openai_compatible", "embedded"} - {module}
    assert not [other for other in others if f"app.llm.providers.{other} " in told]
