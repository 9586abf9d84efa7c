"""The Talk page, by what its user sees: roles, names and words."""

import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Sequence

from playwright.async_api import Locator, Page, expect

SLOW_MS = 30_000
"""A machine that does much else may take as long."""
MOST_STOPS = 40
REMEMBERS = """() => {
  window.states = [document.body.dataset.state];
  new MutationObserver(() => states.push(document.body.dataset.state))
    .observe(document.body, { attributeFilter: ["data-state"] });
}"""

SPEAKS_OR_HAS_ENDED = """() => {
  const { state, problem } = document.body.dataset;
  const last = states.slice(states.lastIndexOf("connecting"));
  return last.includes("speaking") ? "speaking" : state === "ended" && problem;
}"""

TALLEST = """(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const tallest = [0, 0];
  for (let x = 0; x < width; x++) {
    const drawn = [0, 0];
    for (let y = 0; y < height; y++) {
      const isDrawn = data[4 * (y * width + x) + 3] > 0;
      drawn[y < height / 2 ? 0 : 1] += isDrawn;
    }
    drawn.forEach((count, lane) => (tallest[lane] = Math.max(tallest[lane], count)));
  }
  return tallest;
}"""


class Talk:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.button = page.get_by_role("button", name=re.compile("^(Talk|Hang up)$"))
        self.again = page.get_by_role("button", name="Try again")
        self.transcript = page.get_by_role("log", name="Transcript")
        self.message = page.get_by_role("textbox", name="Message")
        self.replay = page.get_by_role("region", name="Replay")

    async def open(self, token: str = "") -> None:
        await self.visit(f"{self.url}/#token={token}" if token else self.url)

    async def visit(self, address: str) -> None:
        await self.page.goto(address)
        await self.page.evaluate(REMEMBERS)

    async def choose(self, agent_id: str) -> None:
        await self.is_in("idle")
        await self.page.get_by_role("combobox", name="Agent").select_option(agent_id)

    async def begin(self, press: Callable[[], Awaitable[None]] | None = None) -> None:
        """A machine that is busy says so, and offers to be asked again."""
        await (press or self.button.click)()
        while await self._outcome() in ("call-refused", "call-failed"):
            await self.page.wait_for_timeout(1000)
            await self.again.click()

    async def tab_to(self, wanted: Locator) -> None:
        for _ in range(MOST_STOPS):
            if await wanted.evaluate("each => each === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError("it cannot be reached with the tabulator")

    async def hang_up(self) -> None:
        await self.button.click()
        await self.is_in("ended")

    async def is_in(self, *states: str) -> None:
        body = self.page.locator("body")
        await expect(body).to_have_attribute(
            "data-state", re.compile(f"^({'|'.join(states)})$"), timeout=SLOW_MS
        )

    async def complains(self, problem: str) -> None:
        body = self.page.locator("body")
        await expect(body).to_have_attribute("data-problem", problem, timeout=SLOW_MS)
        await expect(self.page.get_by_role("alert")).not_to_be_empty()

    async def states(self) -> Sequence[str]:
        return await self.page.evaluate("states")

    def turns(self, role: str) -> Locator:
        """Those that are over."""
        return self.transcript.locator(f"[data-role={role}][data-final=true]")

    async def says(self, text: str, count: int) -> None:
        """The agent, in its turn of this number."""
        spoken = self.turns("agent").nth(count - 1).locator(".words")
        await expect(spoken).to_have_text(text, timeout=SLOW_MS)

    async def heard(self) -> bytes:
        return b64decode(await self.page.evaluate("ears.heard()"))

    async def write(self, text: str) -> None:
        await self.message.fill(text)
        await self.page.get_by_role("button", name="Send").click()

    async def waveform(self) -> list[int]:
        """The height of the tallest line in each of its two lanes, in pixels."""
        image = self.page.get_by_role("img", name=re.compile("^Waveform"))
        await expect(image).to_be_visible(timeout=SLOW_MS)
        return await image.evaluate(TALLEST)

    async def _outcome(self) -> str:
        found = await self.page.wait_for_function(SPEAKS_OR_HAS_ENDED, timeout=SLOW_MS)
        return await found.json_value()
