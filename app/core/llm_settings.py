"""The settings of language models."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from app.core.setting_fields import Positive, Secret, setting

HistoryDays = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
Provider = Literal["claude", "gemini", "groq", "local", "embedded"]


@dataclass(frozen=True, slots=True)
class Llm:
    provider: Provider | None = setting(
        "LLM_PROVIDER",
        None,
        "Language model of agents and analysis; default: claude where its key is set, else the "
        "small one that is embedded",
    )
    failover: str = setting(
        "PARLEY_LLM_FAILOVER",
        "",
        "Who is asked where that one cannot answer: more of these names, comma-separated",
    )
    anthropic_api_key: Secret = setting("ANTHROPIC_API_KEY", Secret(""), "Claude key")
    anthropic_model: str = setting("ANTHROPIC_MODEL", "claude-sonnet-4-6", "Claude model id")
    anthropic_base_url: str = setting(
        "ANTHROPIC_BASE_URL", "https://api.anthropic.com", "Where Claude is reached"
    )
    gemini_api_key: Secret = setting("GEMINI_API_KEY", Secret(""), "Gemini key")
    gemini_model: str = setting("GEMINI_MODEL", "gemini-2.5-flash", "Gemini model id")
    gemini_base_url: str = setting(
        "PARLEY_GEMINI_BASE_URL",
        "https://generativelanguage.googleapis.com",
        "Where Gemini is reached",
    )
    groq_api_key: Secret = setting("GROQ_API_KEY", Secret(""), "Groq key")
    groq_model: str = setting("GROQ_MODEL", "openai/gpt-oss-120b", "Model id at Groq")
    groq_base_url: str = setting("GROQ_BASE_URL", "https://api.groq.com", "Where Groq is reached")
    local_url: str = setting(
        "LOCAL_LLM_URL",
        "http://127.0.0.1:8080/v1",
        "Server that speaks OpenAI's protocol, such as llama.cpp, vLLM or Ollama, with its /v1",
    )
    local_model: str = setting("LOCAL_LLM_MODEL", "default", "Its model id; llama.cpp needs none")
    local_api_key: Secret = setting("LOCAL_LLM_API_KEY", Secret(""), "Its key, if it asks for one")
    local_context: Positive = setting(
        "LOCAL_LLM_CONTEXT", 8192, "Tokens that prompt and answer may have there together"
    )
    embedded_model: Path | None = setting(
        "PARLEY_EMBEDDED_MODEL",
        None,
        "GGUF file that is embedded; default: SmolLM2-135M-Instruct of the model store",
    )
    first_token_s: Positive = setting(
        "PARLEY_LLM_FIRST_TOKEN_S",
        60,
        "Seconds that a remote model may take to begin, before the next one is asked",
    )
    silence_s: Positive = setting(
        "PARLEY_LLM_SILENCE_S", 60, "Seconds that it may pause once it has begun"
    )
    prices: str = setting(
        "PARLEY_LLM_PRICES",
        "",
        "What models cost where it is not the list price: `model=input/output` or "
        "`model=input/output/cache read/cache write`, in US dollars for a million tokens, "
        "comma-separated",
    )


@dataclass(frozen=True, slots=True)
class Agent:
    """Of the assistant of everybody."""

    history_days: HistoryDays = setting(
        "PARLEY_HISTORY_DAYS",
        30,
        "Days that what users said to the assistant, and were answered, is kept; 0: not at all",
    )
