"""The Talk page as a browser gets it: what it may load, what is kept, and where it is found."""

import re

import httpx
import pytest

from app.cli.serve import talk_page
from tests.api.conftest import LiveServer

LOADED = re.compile(r'(?:src|href)="(/ui/[^"]+)"')
IMPORTED = re.compile(r'from "\./([\w.]+)"')


async def assets_of(client: httpx.AsyncClient) -> dict[str, httpx.Response]:
    """All that the page loads, and what that loads, by path."""
    paths = LOADED.findall((await client.get("/")).text)
    found: dict[str, httpx.Response] = {}
    while paths:
        path = paths.pop()
        if path not in found:
            found[path] = await client.get(path)
            folder = path.rpartition("/")[0]
            paths += [f"{folder}/{name}" for name in IMPORTED.findall(found[path].text)]
    return found


async def test_anybody_gets_the_page_and_it_may_load_from_here_alone(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        rule.strip().split(" ", 1) for rule in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "microphone=(self)" in page.headers["permissions-policy"]


async def test_nothing_stands_within_the_page_that_its_policy_would_stop(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/")).text
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page)


async def test_the_page_finds_all_that_it_loads_in_its_type(client: httpx.AsyncClient) -> None:
    types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    assets = await assets_of(client)
    assert {path.rpartition(".")[2] for path in assets} == set(types)
    for path, answer in assets.items():
        assert answer.status_code == 200, path
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind == types[path.rpartition(".")[2]]


async def test_no_other_host_is_named_and_no_text_becomes_markup(
    client: httpx.AsyncClient,
) -> None:
    """The namespace of SVG is a name and not an address."""
    texts = [(await client.get("/")).text]
    texts += [answer.text for answer in (await assets_of(client)).values()]
    for text in texts:
        hosts = set(re.findall(r"(?:https?|wss?)://([\w.]+)", text)) - {"www.w3.org"}
        assert not hosts
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text)


async def test_what_a_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    for path in ["/", *await assets_of(client)]:
        first = await client.get(path)
        tag = first.headers["etag"]
        for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await client.get(path, headers={"If-None-Match": held})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        changed = await client.get(path, headers={"If-None-Match": '"other"'})
        assert (changed.status_code, changed.content) == (200, first.content)


async def test_the_page_is_asked_for_anew_and_its_assets_are_kept_for_ever(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/")).headers["cache-control"] == "no-cache"
    for path, answer in (await assets_of(client)).items():
        assert "immutable" in answer.headers["cache-control"], path


async def test_a_head_says_what_a_get_would_without_it(client: httpx.AsyncClient) -> None:
    for path in ["/", *await assets_of(client)]:
        got, asked = await client.get(path), await client.head(path)
        assert (asked.status_code, asked.content) == (200, b"")
        for name in ("content-type", "content-length", "etag", "cache-control"):
            assert asked.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "index.html", "pages.py", "..%2fpages.py", "%2e%2e/pages.py", ""],
)
async def test_nothing_else_is_there(client: httpx.AsyncClient, name: str) -> None:
    folder = next(iter(await assets_of(client))).rpartition("/")[0]
    answer = await client.get(f"{folder}/{name}")
    assert answer.status_code == 404


async def test_assets_of_another_version_are_not_mixed_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ui/0123456789abcdef/style.css")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


async def test_the_page_is_only_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/")
    assert answer.status_code == 405


async def test_the_start_prints_where_one_talks(
    server: LiveServer, client: httpx.AsyncClient
) -> None:
    """With the token that lets a newcomer in, where no server gets to see it."""
    assert server.talk == f"{server.url}/#token={server.token}"
    address, _, fragment = server.talk.partition("#")
    token = fragment.removeprefix("token=")
    assert (await client.get(address)).status_code == 200
    answer = await client.get("/bot/api/agents", headers={"Authorization": f"Bearer {token}"})
    assert [agent["name"] for agent in answer.json()][:1] == ["Front desk (demo)"]


@pytest.mark.parametrize(
    ("host", "token", "address"),
    [
        ("127.0.0.1", "wh_x", "http://127.0.0.1:9000/#token=wh_x"),
        ("127.0.0.1", None, "http://127.0.0.1:9000/"),
        ("0.0.0.0", "wh_x", "http://localhost:9000/#token=wh_x"),  # noqa: S104
        ("[::]", None, "http://localhost:9000/"),
        ("[::1]", None, "http://[::1]:9000/"),
        ("192.0.2.7", None, "http://192.0.2.7:9000/"),
    ],
)
def test_the_address_is_one_at_which_a_browser_lends_its_microphone(
    host: str, token: str | None, address: str
) -> None:
    assert talk_page(host, 9000, token) == address
