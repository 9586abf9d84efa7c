"""What thinks."""

from contextlib import AsyncExitStack

from app.core.settings import Settings
from app.llm.providers.chosen import contenders
from app.llm.service import LlmService
from app.wiring.base import Foundation
from app.wiring.senses import Inference


def opened_thinking(
    base: Foundation, senses: Inference, settings: Settings, stack: AsyncExitStack
) -> LlmService:
    embedded = {"models": senses.models, "executor": senses.executor}
    asked = contenders(settings.llm, embedded, stack)
    thinking = LlmService(asked, base.token_accounts)
    base.metrics.add(thinking.metrics)
    return thinking
