"""A window of a real browser: Chromium without a display, with a microphone that plays a file."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Request, async_playwright

EARS = Path(__file__).parent / "ears.js"
"""Runs before the scripts of each page, and lets a test hear what the page hears."""
ALWAYS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
)
FAKE_DEVICE = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"


@dataclass
class Window:
    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors of the page, in its console or thrown."""
    requests: list[Request] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self._printed(line.type, line.text))
        self.page.on("request", self._asked)

    def left(self, *origins: str) -> list[str]:
        """Requests that went elsewhere."""
        inside = (*(f"{origin}/" for origin in origins), "blob:", "data:")
        return [each.url for each in self.requests if not each.url.startswith(inside)]

    def _asked(self, request: Request) -> None:
        self.requests.append(request)

    def _printed(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)


def microphone_of(sound: Path) -> tuple[str, ...]:
    """Somebody who says this again and again, beginning when the microphone is opened."""
    return (ALLOWED, FAKE_DEVICE, f"--use-file-for-fake-audio-capture={sound}")


@asynccontextmanager
async def window(chromium: str, *flags: str) -> AsyncGenerator[Window]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=[*ALWAYS, *flags], chromium_sandbox=False
        )
        page = await browser.new_page()
        await page.add_init_script(path=EARS)
        opened = Window(page)
        opened.watch()
        try:
            yield opened
        finally:
            await _leave(page)
            await browser.close()


async def _leave(page: Page) -> None:
    """Whoever is in a call says goodbye to the server, which else waits for them."""
    with suppress(PlaywrightError):
        await page.evaluate("ears.hangUp()")
        await page.close()
