"""Speaks the fixed sentences of agents that were changed before anybody waits for them."""

import asyncio
import logging
from datetime import datetime

import msgspec

from app.calls.agents import store
from app.calls.agents.domain import AgentSettings
from app.calls.agents.voices import AgentVoices
from app.core.db import Database, Tx
from app.core.errors import AppError
from app.core.jobs import SLOW, JobKind, Jobs
from app.core.scope import OrgScope, Scope
from app.realtime.sentences import spoken_sentences
from app.realtime.words import small_words

log = logging.getLogger(__name__)

MOST_AT_ONCE = 5
"""Agents: who changes hundreds of them would keep the machine speaking for minutes."""


class WarmPhrases(msgspec.Struct, frozen=True):
    """Of the agents of an organization that were changed since."""

    since: datetime


WARM = JobKind("calls.warm_phrases", WarmPhrases, max_attempts=1, queue=SLOW)


class Warming:
    def __init__(self, database: Database, jobs: Jobs, voices: AgentVoices) -> None:
        self._database = database
        self._jobs = jobs
        self._voices = voices
        jobs.register(WARM, self._warm)

    async def soon(self, tx: Tx, changed_at: datetime) -> None:
        await self._jobs.enqueue(tx, WARM, WarmPhrases(changed_at), key=str(tx.org_id))

    async def _warm(self, scope: Scope, asked: WarmPhrases) -> None:
        """Callers come first: while somebody speaks nothing is done. What fails is no loss."""
        assert isinstance(scope, OrgScope)
        async with self._database.transaction(scope) as tx:
            found = await store.changed_since(tx, asked.since, MOST_AT_ONCE)
        for _, version in found:
            settings = msgspec.json.decode(version.settings, type=AgentSettings)
            try:
                await self._speak(scope, settings)
            except AppError as error:
                log.info("the phrases of an agent are not spoken ahead: %s", error.code)

    async def _speak(self, scope: OrgScope, settings: AgentSettings) -> None:
        speaking = self._voices.speaking
        manner = await self._voices.manner(scope, settings)
        phrases = settings.phrases(manner.language)
        words = await asyncio.to_thread(small_words, manner.language)
        cues = words.cues if settings.behavior.backchannel else ()
        for text in (phrases.greeting, phrases.silence, phrases.failure, phrases.filler, *cues):
            for sentence in spoken_sentences(text):
                if speaking.keeps_phrases and not speaking.speaking:
                    await speaking.warm([sentence], manner, owner=scope.org_id)
