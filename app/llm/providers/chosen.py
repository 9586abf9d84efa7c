"""Whom the operator chose to be asked, in order. Only their modules are imported: the packages of
some owners take a second to."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import Any, get_args

from app.core import llm_settings
from app.core.errors import Unavailable
from app.core.http import OutboundLimits
from app.core.llm_settings import Llm
from app.core.setting_fields import Secret, SettingInvalid
from app.llm.answering import Contender, Patience
from app.llm.conversation import Chunk, Prompt

FAILOVER = "PARLEY_LLM_FAILOVER"
EMBEDDED = "embedded"
NAMES: tuple[str, ...] = get_args(llm_settings.Provider)
LONGEST_ANSWER_S = 900
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024


class ModelNotSetUp(Unavailable):
    """What the operator must say first is missing; the message names it."""

    code = "model_not_set_up"


@dataclass(frozen=True, slots=True)
class _Offer:
    """`wants` is the setting without which it cannot be asked."""

    module: str
    maker: str
    base_url: str
    api_key: Secret
    model: str
    context_tokens: int
    wants: str = ""

    @property
    def is_set_up(self) -> bool:
        return bool(self.api_key) or not self.wants


def _offers(llm: Llm) -> Mapping[str, _Offer]:
    return {
        "claude": _Offer(
            "claude",
            "Claude",
            llm.anthropic_base_url,
            llm.anthropic_api_key,
            llm.anthropic_model,
            200_000,
            wants="ANTHROPIC_API_KEY",
        ),
        "gemini": _Offer(
            "gemini",
            "Gemini",
            llm.gemini_base_url,
            llm.gemini_api_key,
            llm.gemini_model,
            1_048_576,
            wants="GEMINI_API_KEY",
        ),
        "groq": _Offer(
            "openai_compatible",
            "groq",
            llm.groq_base_url,
            llm.groq_api_key,
            llm.groq_model,
            131_072,
            wants="GROQ_API_KEY",
        ),
        "local": _Offer(
            "openai_compatible",
            "local",
            llm.local_url,
            llm.local_api_key,
            llm.local_model,
            llm.local_context,
        ),
    }


def chosen_names(llm: Llm) -> list[str]:
    """Where nothing is said, Claude if there is a key, else the model of the house."""
    first = llm.provider or ("claude" if llm.anthropic_api_key else EMBEDDED)
    others = [name.strip().lower() for name in llm.failover.split(",") if name.strip()]
    for name in others:
        if name not in NAMES:
            raise SettingInvalid(
                f"{FAILOVER} names {name[:80]!r}, which is none of {', '.join(NAMES)}",
                setting=FAILOVER,
            )
    return list(dict.fromkeys([first, *others]))


def described(llm: Llm) -> list[str]:
    """Those who were chosen, each with its model."""
    offers = _offers(llm)
    return [f"{n} {offers[n].model}" if n in offers else n for n in chosen_names(llm)]


def shortcomings(llm: Llm) -> list[str]:
    """Sentences about who was chosen and cannot be asked."""
    offers = _offers(llm)
    chosen = (offers[name] for name in chosen_names(llm) if name in offers)
    return [_sentence(offer) for offer in chosen if not offer.is_set_up]


def contenders(llm: Llm, embedded: Mapping[str, Any], stack: AsyncExitStack) -> list[Contender]:
    """`embedded`: what the model of the house is made with."""
    return [_contender(name, llm, embedded, stack) for name in chosen_names(llm)]


def _contender(
    name: str, llm: Llm, embedded: Mapping[str, Any], stack: AsyncExitStack
) -> Contender:
    if name == EMBEDDED:
        return Contender(_made("embedded", "Embedded", embedded))
    offer = _offers(llm)[name]
    if not offer.is_set_up:
        return Contender(_NotSetUp(name, offer), is_set_up=False)
    provider = _remote(offer, llm)
    stack.push_async_callback(provider.aclose)
    return Contender(provider, Patience(llm.first_token_s, llm.silence_s))


def _remote(offer: _Offer, llm: Llm) -> Any:
    limits = OutboundLimits(
        connect_s=3,
        read_s=max(llm.first_token_s, llm.silence_s),
        total_s=LONGEST_ANSWER_S,
        max_response_bytes=LARGEST_ANSWER_BYTES,
        max_redirects=0,
    )
    return _made(
        offer.module,
        offer.maker,
        {
            "base_url": offer.base_url,
            "api_key": offer.api_key,
            "model": offer.model,
            "context_tokens": offer.context_tokens,
            "limits": limits,
        },
    )


def _made(module: str, maker: str, said: Mapping[str, Any]) -> Any:
    return getattr(import_module(f"app.llm.providers.{module}"), maker)(**said)


class _NotSetUp:
    """Stands where one was chosen that cannot be asked, and says so when it is."""

    def __init__(self, name: str, offer: _Offer) -> None:
        self.name = name
        self.model = offer.model
        self.context_tokens = offer.context_tokens
        self._offer = offer

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        raise ModelNotSetUp(_sentence(self._offer), setting=self._offer.wants)
        yield


def _sentence(offer: _Offer) -> str:
    return f"{offer.maker.capitalize()} was chosen to answer, and {offer.wants} is not set"
