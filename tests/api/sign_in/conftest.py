"""A Parley that trusts two providers: an honest one, as a process of its own, for sign-in with
Google; and one that does what the test says, for tokens beside API keys."""

import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from app.core.settings import process_environment
from tests.fakes.oidc_provider import FakeOidcProvider

FRONTEND = "http://localhost:3000"
READY = "Uvicorn running on "


@dataclass(frozen=True)
class Parley:
    url: str
    token: str
    log: Path


@dataclass(frozen=True)
class Honest:
    """oidc-provider-mock. A person is a subject and what the provider knows of it."""

    url: str

    def person(self, **claims: Any) -> str:
        subject = str(uuid4())
        known = {"email": f"{subject}@bank.example", "email_verified": True, "name": "Ada"}
        answer = httpx.put(f"{self.url}/users/{subject}", json=known | claims)
        assert answer.status_code == 204
        return subject


@pytest.fixture(scope="session")
def honest() -> Generator[Honest]:
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", "0", "--require-nonce", "true"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if READY in line)
            threading.Thread(target=list, args=(process.stderr,), daemon=True).start()
            port = line.partition(READY)[2].split()[0].rpartition(":")[2]
            yield Honest(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def issuer() -> Generator[FakeOidcProvider]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(FakeOidcProvider().serving()) as provider,
    ):
        yield provider


@pytest.fixture(scope="session")
def parley(
    tmp_path_factory: pytest.TempPathFactory, honest: Honest, issuer: FakeOidcProvider
) -> Generator[Parley]:
    data_dir = tmp_path_factory.mktemp("sign-in")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", data_dir / "parley.log"
    environ = process_environment() | {
        "PARLEY_PUBLIC_URL": url,
        "PARLEY_COOKIES_WITHOUT_TLS": "true",
        "PARLEY_LOG_LEVEL": "DEBUG",
        "FRONTEND_URL": FRONTEND,
        "GOOGLE_CLIENT_ID": "parley-client",
        "GOOGLE_CLIENT_SECRET": "parley-client-secret",
        "PARLEY_GOOGLE_ISSUER": honest.url,
        "PARLEY_OIDC_ISSUER": issuer.url,
        "PARLEY_OIDC_AUDIENCE": "parley",
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    command += ["--data-dir", str(data_dir / "data")]
    with (
        log.open("w") as lines,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=lines, text=True, env=environ
        ) as process,
    ):
        try:
            yield Parley(url, _token_of(process), log)
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0


def _token_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    token = ""
    for line in process.stdout:
        name, _, fact = line.partition(":")
        token = fact.strip().split()[0] if name == "Token" else token
        if name == "Models":
            return token
    raise AssertionError("the server ended before it was ready")


class _Forms(HTMLParser):
    """What a person can press on a page: for each form its buttons and fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            assert given.get("method") == "post"
            self.forms.append({})
        elif tag in ("input", "button") and given.get("name"):
            self.forms[-1][str(given["name"])] = given.get("value") or ""


class Browser:
    """Follows redirects until one leads to the front end, which does not exist."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def start(self, redirect: str | None = None) -> httpx.Response:
        """The page of the provider that asks who one is."""
        params = {"redirect": redirect} if redirect else {}
        return await self._follow(
            await self.client.get("/bot/api/auth/google/start", params=params)
        )

    async def press(self, page: httpx.Response, **fields: str) -> httpx.Response:
        form = next(form for form in _Forms(page.text).forms if fields.keys() <= form.keys())
        return await self.client.post(page.url, data=form | fields)

    async def sign_in(self, subject: str, redirect: str | None = None) -> str:
        """Where one ends up."""
        page = await self.press(await self.start(redirect), sub=subject)
        return self.end_of(await self._follow(page))

    async def deny(self) -> str:
        page = await self.press(await self.start(), action="deny")
        return self.end_of(await self._follow(page))

    async def _follow(self, answer: httpx.Response) -> httpx.Response:
        while answer.is_redirect and not self._is_home(answer):
            answer = await self.client.get(answer.headers["location"])
        return answer

    def _is_home(self, answer: httpx.Response) -> bool:
        return answer.headers["location"].startswith(f"{FRONTEND}/")

    def end_of(self, answer: httpx.Response) -> str:
        assert self._is_home(answer), answer.text
        return answer.headers["location"].removeprefix(FRONTEND)


@pytest.fixture
async def browser(parley: Parley) -> AsyncGenerator[Browser]:
    async with httpx.AsyncClient(base_url=parley.url) as client:
        yield Browser(client)
