"""Pipecat's client for browsers, as it is published, in a real browser, against a real Parley."""

from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Error as PlaywrightError

from tests.browser.agents import ANSWER, GREETING, ended_calls, museum
from tests.browser.speech import Speech, alike
from tests.browser.window import Window, microphone_of, window
from tests.scenarios.operator import Running

QUESTION = "When is the museum open on Sunday?"
LOSES_ITS_CONNECTION = """() => {
  const lost = ears.connections.at(-1);
  Object.defineProperty(lost, "iceConnectionState", { value: "failed" });
  lost.dispatchEvent(new Event("iceconnectionstatechange"));
}"""


class Client:
    """The client in its page."""

    def __init__(self, window: Window, site: str, parley: Running) -> None:
        self.window = window
        self._site = site
        self._page = window.page
        self._parley = parley

    async def open(self) -> None:
        await self._page.goto(f"{self._site}/page.html")

    async def connect(self, agent_id: str) -> None:
        """A machine that is busy is asked anew: the client's own second try has no microphone."""
        place = [self._parley.url, self._parley.token, agent_id]
        while True:
            before = len(await self.statuses("POST"))
            await self.does("told_before = told.length")
            with suppress(PlaywrightError):
                await self._page.evaluate("place => connect(...place)", place)
            answers = (await self.statuses("POST"))[before:]
            if answers == [200] and await self._is_greeted():
                return
            assert answers[0] in (200, 503)
            await self.does("client.disconnect()")

    async def _is_greeted(self) -> bool:
        """False where the call is refused after all."""
        found = await self._page.wait_for_function(
            """() => told.slice(told_before).map((each) => each.name)
                .find((name) => ["BotStartedSpeaking", "Error"].includes(name))""",
            timeout=60_000,
        )
        return await found.json_value() == "BotStartedSpeaking"

    async def does(self, script: str) -> Any:
        return await self._page.evaluate(script)

    async def until(self, condition: str) -> None:
        await self._page.wait_for_function(condition)

    async def told(self, name: str, such_that: str = "true", count: int = 1) -> Any:
        """What its callback was called with the `count`th time of those; waits for it."""
        found = await self._page.wait_for_function(
            f"""([name, count]) => told.filter((each) => each.name === name)
                .map((each) => each.fact ?? {{}}).filter((fact) => {such_that})[count - 1]""",
            arg=[name, count],
            timeout=60_000,
        )
        return await found.json_value()

    async def heard(self) -> bytes:
        return b64decode(await self.does("ears.heard()"))

    async def statuses(self, method: str) -> list[int]:
        """How its requests to the offer were answered."""
        url = f"{self._parley.url}/bot/api/offer"
        asked = [each for each in self.window.requests if (each.method, each.url) == (method, url)]
        answers = [await each.response() for each in asked]
        return [answer.status for answer in answers if answer]


@asynccontextmanager
async def client(
    chromium: str, site: str, parley: Running, microphone: Path
) -> AsyncGenerator[Client]:
    async with window(chromium, *microphone_of(microphone)) as opened:
        client = Client(opened, site, parley)
        await client.open()
        yield client
        assert opened.left(parley.url, site) == []


@pytest.mark.inventory("WH-247", "EX-044", "EX-045", "EX-046")
async def test_a_spoken_question_is_understood_and_answered_aloud(
    chromium: str, site: str, parley: Running, owner: httpx.AsyncClient, speech: Speech
) -> None:
    agent_id = await museum(owner)
    said = await speech.file(4.0, QUESTION, 15.0)
    async with client(chromium, site, parley, said) as pipecat:
        await pipecat.connect(agent_id)
        await pipecat.told("Connected")
        assert (await pipecat.told("BotReady"))["version"].startswith("2.")
        greeting = (await pipecat.told("BotTranscript"))["text"]
        await pipecat.told("UserStartedSpeaking")
        question = await pipecat.told("UserTranscript", "fact.final")
        assert GREETING.startswith(greeting)
        assert alike(question["text"], QUESTION) > 0.7
        assert (await pipecat.told("BotTranscript", count=2))["text"] == ANSWER
        timed = (await pipecat.told("Metrics"))["ttfb"]
        assert "voice-to-voice" in {each["processor"] for each in timed}
        assert alike(await speech.words_in(await pipecat.heard()), f"{greeting} {ANSWER}") > 0.8
        await pipecat.does("client.disconnect()")
        await pipecat.told("Disconnected")
        assert (await pipecat.statuses("POST"))[-1] == 200
        assert set(await pipecat.statuses("PATCH")) == {200}
        assert [each for each in pipecat.window.complaints if "503" not in each] == []
    call, *_ = await ended_calls(owner, agent_id)
    assert (call["status"], call["ended_reason"]) == ("completed", "hung_up")
    assert [turn["text"] for turn in call["transcript"]] == [greeting, question["text"], ANSWER]


@pytest.mark.inventory("EX-044", "EX-046")
async def test_a_call_goes_on_over_a_new_connection_and_another_one_begins_anew(
    chromium: str, site: str, parley: Running, owner: httpx.AsyncClient, speech: Speech
) -> None:
    agent_id = await museum(owner)
    async with client(chromium, site, parley, await speech.file(1.0)) as pipecat:
        await pipecat.connect(agent_id)
        await pipecat.told("BotStoppedSpeaking")
        await pipecat.does("client.sendText('When are you open?')")
        assert (await pipecat.told("BotTranscript", count=2))["text"] == ANSWER
        await pipecat.does(LOSES_ITS_CONNECTION)
        await pipecat.until("ears.channels[1]?.readyState === 'open'")
        await pipecat.does("client.sendText('And on Monday?')")
        assert (await pipecat.told("BotTranscript", count=3))["text"] == ANSWER
        await pipecat.does("client.disconnect()")
        await pipecat.connect(agent_id)
        assert (await pipecat.told("BotTranscript", count=4))["text"] == GREETING
        await pipecat.does("client.disconnect()")
    calls = await ended_calls(owner, agent_id)
    assert len(calls[0]["transcript"]) == 1
    assert [turn["text"] for turn in calls[-1]["transcript"]] == [
        GREETING,
        "When are you open?",
        ANSWER,
        "And on Monday?",
        ANSWER,
    ]
