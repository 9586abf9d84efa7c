"""What thinks."""

import logging
from contextlib import AsyncExitStack

from app.core.settings import Settings
from app.llm.providers.chosen import contenders, shortcomings
from app.llm.service import LlmService
from app.wiring.base import Foundation
from app.wiring.senses import Inference

log = logging.getLogger(__name__)


def opened_thinking(
    base: Foundation, senses: Inference, settings: Settings, stack: AsyncExitStack
) -> LlmService:
    embedded = {"models": senses.models, "model": senses.embedded}
    asked = contenders(settings.llm, embedded, stack)
    thinking = LlmService(asked, base.token_accounts)
    base.metrics.add(thinking.metrics)
    for sentence in shortcomings(settings.llm):
        log.warning(sentence)
    return thinking
