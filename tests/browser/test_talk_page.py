"""The Talk page in a real browser: somebody speaks into its microphone and listens to its voice."""

import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.agents import ANSWER, GREETING, ended_calls, museum
from tests.browser.speech import Speech, alike
from tests.browser.talk import SLOW_MS, Talk
from tests.browser.window import ALLOWED, FAKE_DEVICE, microphone_of, window
from tests.scenarios.operator import Running

TELL = "Tell me about the rooms."
ENOUGH = "Stop, I would like to leave now."
QUESTION = "When is the museum open on Sunday?"
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
PLAYS = "() => document.querySelector('#recording').currentTime > 0.3"
STORY = " ".join(
    f"Room number {number} shows the work of another painter, and it is larger than the last."
    for number in ("one", "two", "three", "four", "five")
)


@asynccontextmanager
async def talk(chromium: str, parley: Running, *flags: str) -> AsyncGenerator[Talk]:
    """Nothing went wrong on the page, and nothing was asked for elsewhere."""
    async with window(chromium, *flags) as opened:
        yield Talk(opened.page, parley.url)
        assert opened.left(parley.url) == []
        assert [each for each in opened.complaints if "Failed to load resource" not in each] == []


@pytest.fixture
async def silence(speech: Speech) -> Path:
    return await speech.file(1.0)


async def test_a_spoken_question_is_answered_aloud_and_can_be_heard_again(
    chromium: str, parley: Running, owner: httpx.AsyncClient, speech: Speech
) -> None:
    agent_id = await museum(owner)
    said = await speech.file(4.0, QUESTION, 15.0)
    async with talk(chromium, parley, *microphone_of(said)) as page:
        await page.open(parley.token)
        assert parley.token not in page.page.url
        await page.choose(agent_id)
        await page.begin()
        asked = page.turns("user").first.locator(".words")
        await expect(asked).not_to_be_empty(timeout=SLOW_MS)
        question = await asked.inner_text()
        assert alike(question, QUESTION) > 0.7
        await page.says(ANSWER, 2)
        greeting = await page.turns("agent").first.locator(".spoken").all_inner_texts()
        assert GREETING.startswith(" ".join(greeting))
        words = f"{' '.join(greeting)} {ANSWER}"
        assert alike(await speech.words_in(await page.heard()), words) > 0.8
        seen = list(dict.fromkeys(await page.states()))
        assert set(seen) >= {"idle", "connecting", "listening", "thinking", "speaking"}
        row = page.page.get_by_role("table", name="Time to answer").locator("tbody tr").first
        await expect(row.locator("[data-part=total]")).to_have_text(re.compile("[1-9]"))
        await page.hang_up()
        assert min(await page.waveform()) > 10
        await page.page.get_by_role("button", name="Play", exact=True).click()
        await page.page.wait_for_function(PLAYS)
        await page.page.get_by_role("button", name="Pause").click()
        call, *_ = await ended_calls(owner, agent_id)
        assert await page.replay.get_attribute("data-call") == call["id"]
        recorded = await owner.get(f"/bot/api/calls/{call['id']}/audio")
    assert alike(await speech.words_in(recorded.content), f"{greeting} {question} {ANSWER}") > 0.7


async def test_an_answer_is_cut_where_somebody_speaks_into_it(
    chromium: str, parley: Running, owner: httpx.AsyncClient, speech: Speech
) -> None:
    agent_id = await museum(owner, STORY, "As you like.")
    said = await speech.file(
        10.0, "Tell me about the rooms.", 9.0, "Stop, I would like to leave now."
    )
    async with talk(chromium, parley, *microphone_of(said)) as page:
        await page.open(parley.token)
        await page.choose(agent_id)
        await page.begin()
        story = page.turns("agent").nth(1)
        cut = story.locator("s.cut")
        await expect(cut.first).to_be_visible(timeout=SLOW_MS)
        await page.says("As you like.", 3)
        spoken = " ".join(await story.locator(".spoken").all_inner_texts())
        greeting = await page.turns("agent").first.locator(".words").inner_text()
        assert STORY.startswith(spoken)
        assert spoken != STORY
        heard = await speech.words_in(await page.heard())
        assert alike(heard, f"{greeting} {spoken} As you like.") > 0.8
        await page.hang_up()


async def test_a_newcomer_opens_what_is_printed_and_needs_but_the_keyboard(
    chromium: str, parley: Running, silence: Path
) -> None:
    """The demonstration takes an appointment, and is interrupted in writing."""
    async with talk(chromium, parley, *microphone_of(silence)) as page:
        await page.visit(parley.facts["Talk"].split()[0])
        await page.is_in("idle")
        await expect(page.button).to_be_focused()
        await page.begin(lambda: page.page.keyboard.press("Enter"))
        await page.tab_to(page.message)
        await page.page.keyboard.type("My name is Ada Lovelace.")
        await page.page.keyboard.press("Enter")
        await expect(page.transcript).to_contain_text("painful tooth", timeout=SLOW_MS)
        await page.tab_to(page.button)
        await page.page.keyboard.press("Space")
        await page.is_in("ended")
        slider = page.page.get_by_role("slider", name="Position")
        await expect(slider).to_be_visible(timeout=SLOW_MS)
        await page.tab_to(slider)
        await page.page.keyboard.press("ArrowRight")
        await page.page.wait_for_function(PLAYS)


async def test_whoever_may_not_be_heard_writes(
    chromium: str, parley: Running, owner: httpx.AsyncClient
) -> None:
    agent_id = await museum(owner)
    async with talk(chromium, parley, "--deny-permission-prompts", FAKE_DEVICE) as page:
        await page.open(parley.token)
        await page.choose(agent_id)
        await page.begin()
        await page.complains("microphone-denied")
        await page.says(GREETING, 1)
        await page.write("When are you open?")
        await page.says(ANSWER, 2)
        await page.hang_up()


async def test_a_machine_without_a_microphone_and_for_a_while_without_a_network_can_call(
    chromium: str, parley: Running, owner: httpx.AsyncClient
) -> None:
    agent_id = await museum(owner)
    async with talk(chromium, parley, ALLOWED) as page:
        await page.open(parley.token)
        await page.choose(agent_id)
        await page.page.context.set_offline(True)
        await page.button.click()
        await page.complains("server-gone")
        await page.is_in("ended")
        await page.page.context.set_offline(False)
        await page.begin(page.again.click)
        await page.complains("no-microphone")
        await page.hang_up()


async def test_a_wrong_token_is_refused_and_a_right_one_is_asked_for(
    chromium: str, parley: Running
) -> None:
    async with talk(chromium, parley) as page:
        await page.open("wh_nobody")
        await page.complains("token-refused")
        await page.is_in("signed-out")
        await page.page.keyboard.type(parley.token)
        await page.page.keyboard.press("Enter")
        await page.is_in("idle")
        await expect(page.page.get_by_role("alert")).to_be_empty()
        await page.page.get_by_role("button", name="Forget the token").click()
        await page.is_in("signed-out")


async def test_whoever_has_no_agent_is_told(chromium: str, parley: Running) -> None:
    person = {"email": "ada@example.com", "password": "a long and safe password 7"}
    async with talk(chromium, parley) as page:
        await page.open()
        for what in ("signup", "login"):
            answer = await page.page.context.request.post(
                f"{parley.url}/bot/api/auth/{what}", data=person
            )
            assert answer.ok, await answer.text()
        await page.page.reload()
        await page.complains("no-agents")
        await expect(page.button).to_be_disabled()


async def test_everybody_can_use_it_wide_or_narrow_in_light_or_in_the_dark(
    chromium: str, parley: Running, owner: httpx.AsyncClient, silence: Path
) -> None:
    agent_id = await museum(owner)
    async with talk(chromium, parley, *microphone_of(silence)) as page:
        await page.open()
        await page.is_in("signed-out")
        await looks_right(page.page)
        await page.open(parley.token)
        await page.choose(agent_id)
        await page.begin()
        await page.says(GREETING, 1)
        await page.write("When are you open?")
        await page.says(ANSWER, 2)
        await looks_right(page.page)
        await page.hang_up()
        await page.waveform()
        await looks_right(page.page)


async def test_a_server_that_falls_silent_is_missed_and_found_again(
    chromium: str, parley: Running, owner: httpx.AsyncClient, silence: Path
) -> None:
    agent_id = await museum(owner)
    async with talk(chromium, parley, *microphone_of(silence)) as page:
        await page.open(parley.token)
        await page.choose(agent_id)
        await page.begin()
        parley.process.send_signal(signal.SIGSTOP)
        try:
            await page.complains("call-lost")
            await page.is_in("ended")
        finally:
            parley.process.send_signal(signal.SIGCONT)
        await page.begin(page.again.click)
        await page.hang_up()


async def looks_right(page: Page) -> None:
    pictures: set[bytes] = set()
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        for width in (1280, 360):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
        found = await Axe().run(page)
        assert not found.violations_count, found.generate_report()
        pictures.add(await page.screenshot())
    assert len(pictures) == len(SCHEMES)
