"""What the Talk page makes of what it is told, in the browser that runs it. The page is ours and so
are the messages; who answers its requests is a table."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from app.admin import pages
from app.realtime.conversation import Line
from app.realtime.events import (
    Heard,
    Said,
    Saying,
    SessionEvent,
    StateChanged,
    Understanding,
    VoiceChanged,
    Withdrawn,
)
from app.realtime.transports.rtvi import Chat
from tests.browser.window import window

HERE, FAR = "http://localhost:9000", "http://parley.test"
AGENTS, OFFER, REACH = "/bot/api/agents", "/bot/api/offer", "/bot/api/ice-servers"
AGENT = {"id": "7", "name": "Front desk", "graph": None, "language": "hi", "voice": "priya"}
TELL = """async ([module, kind, element, messages]) => {
  const folder = document.querySelector("script[src]").src.replace("talk.js", "");
  const shown = element.map((id) => document.getElementById(id));
  window.view ??= new (await import(folder + module))[kind](...shown);
  document.getElementById("conversation").hidden = false;
  for (const message of messages) window.view.told(...message);
  await new Promise((resolve) => setTimeout(resolve, 20));
}"""


class Answers:
    """To requests, by their path; what is asked for is kept."""

    def __init__(self) -> None:
        self.pages = pages.read()
        self.table: dict[str, tuple[int, Any]] = {
            AGENTS: (200, [AGENT]),
            REACH: (200, {"iceServers": []}),
        }
        self.asked: list[tuple[str, str]] = []

    async def answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            await route.fulfill(body=self.pages.page, content_type="text/html")
        elif path.startswith("/ui/"):
            name = path.rpartition("/")[2]
            kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
            kind = kinds[name.rpartition(".")[2]]
            await route.fulfill(body=self.pages.assets[name], content_type=kind)
        else:
            token = route.request.headers.get("authorization", "")
            self.asked.append((path, token))
            refused = (401, {"error": "API token required"})
            status, body = self.table.get(path, refused) if token else refused
            await route.fulfill(status=status, json=body, headers={"Retry-After": "1"})


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def page(chromium: str, answers: Answers) -> AsyncGenerator[Page]:
    async with window(chromium) as opened:
        await opened.page.route("**/*", answers.answer)
        yield opened.page


async def show(page: Page, *events: SessionEvent) -> None:
    """In the transcript, in the messages of a call."""
    await page.goto(f"{HERE}/#token=wh_x")
    await tell(page, *events)


async def tell(page: Page, *events: SessionEvent) -> None:
    chat = Chat(("parley", "1"), lambda: datetime(2026, 5, 4, tzinfo=UTC))
    messages = [[message] for event in events for message in chat.told(event)]
    await page.evaluate(TELL, ["transcript.js", "Transcript", ["transcript"], messages])


async def turns(page: Page) -> Sequence[str]:
    return await page.locator("#transcript li").all_inner_texts()


QUESTION = (
    VoiceChanged(is_voice=True, at_s=1.0),
    Understanding("book a", is_final=False, at_s=1.5),
    Understanding("Book a table.", is_final=True, at_s=2.0),
)
ASKED = (*QUESTION, Said(Line("user", "Book a table.", 2.1)), StateChanged("thinking", 2.1))
SPOKEN = (
    Saying("For how many?", 2.2),
    Saying("And when?", 2.2),
    StateChanged("speaking", 2.5),
    Heard("For how"),
)


async def test_words_are_shown_as_they_are_recognized(page: Page) -> None:
    await show(page, *QUESTION[:2])
    assert await turns(page) == ["You book a"]
    assert await page.locator("[data-final]").count() == 0


async def test_words_are_shown_as_they_are_heard(page: Page) -> None:
    await show(page, *ASKED, *SPOKEN)
    assert await turns(page) == ["You Book a table.", "Agent For how many? And when?"]
    assert await page.locator(".spoken").all_inner_texts() == ["For how"]
    ahead = [text.strip() for text in await page.locator(".ahead").all_inner_texts()]
    assert ahead == ["many?", "And when?"]
    assert await page.locator("[data-role=user]").get_attribute("data-final") == "true"
    assert await page.locator("[data-role=agent]").get_attribute("aria-busy") == "true"


async def test_what_an_interruption_kept_from_being_heard_is_struck_out(page: Page) -> None:
    cut = Said(Line("agent", "For how many?", 4.0, is_cut=True))
    await show(page, *ASKED, *SPOKEN, cut, StateChanged("listening", 4.0))
    assert await page.locator(".spoken").all_inner_texts() == ["For how many?"]
    assert await page.locator("s.cut").all_inner_texts() == ["And when?"]
    assert await page.locator("[data-role=agent]").get_attribute("data-final") == "true"


@pytest.mark.parametrize("is_noticed_first", [True, False])
async def test_a_turn_that_was_answered_too_early_is_shown_once_and_whole(
    page: Page, *, is_noticed_first: bool
) -> None:
    mood, more = {"emotion": "calm"}, Understanding("For two.", is_final=True, at_s=3.0)
    withdrawn = Withdrawn(Line("user", "Book a table.", 2.1))
    goes_on = (withdrawn, more) if is_noticed_first else (more, withdrawn)
    await show(
        page,
        Understanding("Book a table.", is_final=True, at_s=2.0, labels=mood),
        *ASKED[3:],
        Saying("For how many?", 2.2),
        *goes_on,
        StateChanged("listening", 3.0),
    )
    assert await turns(page) == ["You Book a table. For two.sounds calm"]
    assert await page.locator("[data-final]").count() == 0
    again = (Said(Line("user", "Book a table for two.", 3.1)), StateChanged("thinking", 3.1))
    await tell(page, *again, Saying("When?", 3.2))
    assert await turns(page) == ["You Book a table for two.sounds calm", "Agent When?"]


async def test_two_turns_that_begin_alike_are_two(page: Page) -> None:
    answered = (Said(Line("agent", "For how many?", 3.0)), StateChanged("listening", 3.0))
    again = Said(Line("user", "Book a table. For two.", 4.0))
    await show(page, *ASKED, *SPOKEN, *answered, again)
    assert await turns(page) == [
        "You Book a table.",
        "Agent For how many? And when?",
        "You Book a table. For two.",
    ]


async def test_how_something_was_said_stands_beside_it_as_text(page: Page) -> None:
    labels = {"emotion": "<b>angry</b>", "intent": "booking"}
    await show(page, Understanding("<i>No!</i>", is_final=True, at_s=1.0, labels=labels))
    assert await page.locator(".words").inner_text() == "<i>No!</i>"
    assert await page.locator(".label").all_inner_texts() == [
        "sounds <b>angry</b>",
        "means: booking",
    ]


async def test_labels_are_said_plainly_and_only_where_they_are_known(page: Page) -> None:
    labels = {
        "emotion": "EMOTION_NEUTRAL",
        "gender": "GENDER_UNCERTAIN",
        "age": "AGE_30_45",
        "behavior": "BEHAVIOR_QUESTION_OPEN",
        "role": "ROLE_NONE",
        "intent": "INTENT_PRICE_QUERY",
        "eval": "EVAL_NONE",
        "own": "Upbeat",
    }
    await show(page, Understanding("How much?", is_final=True, at_s=1.0, labels=labels))
    assert await page.locator(".label").all_inner_texts() == [
        *("sounds calm", "sounds 30 to 45", "asks openly", "means: price query", "own: upbeat"),
    ]


async def test_each_answer_has_a_row_that_adds_up(page: Page) -> None:
    shares = {"asr": 0.2, "endpointing": 0.14, "llm": 0.12, "tts": 0.18, "new": 0.01}
    processing = [{"processor": name, "value": value} for name, value in shares.items()]
    await page.goto(f"{HERE}/#token=wh_x")
    told = [[{"processing": processing}, 0.05], [{"ttfb": []}, 0.05]]
    await page.evaluate(TELL, ["latency.js", "Latency", ["times", "latency"], told])
    rows = page.get_by_role("table", name="Time to answer").locator("tbody tr")
    assert await rows.count() == 1
    cells = await rows.locator("[data-part]").evaluate_all(
        "(cells) => Object.fromEntries(cells.map((cell) => [cell.dataset.part, cell.innerText]))"
    )
    assert cells == {
        "total": "700",
        "recognition": "200",
        "endpointing": "140",
        "thinking": "120",
        "sentence": "–",  # noqa: RUF001
        "speaking": "180",
        "held": "–",  # noqa: RUF001
        "network": "50",
    }


async def test_a_token_leaves_the_address_and_is_kept_where_the_user_said(
    page: Page, answers: Answers
) -> None:
    kept = "[sessionStorage.length, localStorage.length]"
    await page.goto(f"{HERE}/#token=wh_x")
    await expect(page.locator("body")).to_have_attribute("data-state", "idle")
    assert page.url == f"{HERE}/"
    assert answers.asked == [(AGENTS, "Bearer wh_x")]
    assert await page.evaluate(kept) == [1, 0]
    about = "A language model answers. Language: Hindi. Voice: priya."
    assert await page.locator("#agent-about").inner_text() == about
    await page.get_by_role("button", name="Forget the token").click()
    await page.get_by_label("Token", exact=True).fill("wh_y")
    await page.get_by_label("Keep it on this computer").check()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator("body")).to_have_attribute("data-state", "idle")
    assert answers.asked[-1] == (AGENTS, "Bearer wh_y")
    assert await page.evaluate(kept) == [0, 1]


async def test_a_refused_call_is_said_in_the_words_of_the_server_and_can_be_tried_again(
    page: Page, answers: Answers
) -> None:
    why = "3 calls are under way: one more could not speak without gaps; try again soon"
    answers.table[OFFER] = (503, {"error": why, "code": "calls_refused"})
    await page.goto(f"{HERE}/#token=wh_x")
    await page.get_by_role("button", name="Talk").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text(f"No call now: {why}.")
    await expect(page.locator("body")).to_have_attribute("data-state", "ended")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("alert")).to_contain_text(why)
    assert [path for path, _ in answers.asked].count(OFFER) == 2


async def test_a_page_that_gets_no_microphone_says_so_before_anybody_talks(page: Page) -> None:
    await page.goto(f"{FAR}/#token=wh_x")
    await expect(page.locator("body")).to_have_attribute("data-problem", "insecure")
    await expect(page.get_by_role("alert")).to_contain_text("https://")
    await expect(page.get_by_role("button", name="Talk")).to_be_enabled()
