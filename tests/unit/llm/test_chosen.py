"""Whom the settings choose to be asked."""

from contextlib import AsyncExitStack, aclosing

import pytest

from app.core import settings
from app.core.setting_fields import SettingInvalid
from app.llm.conversation import Message, Prompt
from app.llm.providers.chosen import ModelNotSetUp, chosen_names, contenders, shortcomings

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
