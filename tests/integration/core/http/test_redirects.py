"""Each hop of a redirect is a request of its own: checked again, and trusted with less."""

import pytest

from app.core.http import OutboundBlocked, OutboundFailed, OutboundLimits
from tests.integration.core.http.conftest import OpenSite
from tests.integration.core.http.internet import Internet, Site, answer, redirect

SECRETS = {
    "Authorization": "Bearer s3cret",
    "X-Api-Key": "s3cret",
    "Cookie": "session=s3cret",
    "X-Goog-Api-Key": "s3cret",
}


async def test_a_redirect_into_the_private_network_is_refused(
    internet: Internet, public: Site, open_site: OpenSite
) -> None:
    inside = await open_site({"/": answer(b"internal")})
    internet.place(inside, "inside.example", "10.0.0.1", 80)
    internet.routes["127.0.0.1", 80] = internet.routes["169.254.169.254", 80] = inside
    client = internet.client()
    for target in (
        "http://10.0.0.1/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "//inside.example/",
        "http://[::ffff:10.0.0.1]/",
    ):
        public.replies["/"] = redirect(target)
        with pytest.raises(OutboundBlocked):
            await client.request("GET", "http://public.example/")
    assert inside.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "gopher://public.example/",
        "http://user:s3cret@other.example/",
        "http://other.example:6379/",
        "http://[::1",
        "javascript:alert(1)",
    ],
)
async def test_a_redirect_to_what_cannot_be_requested_is_refused(
    internet: Internet, public: Site, other: Site, target: str
) -> None:
    public.replies["/"] = redirect(target)
    with pytest.raises(OutboundBlocked) as refusal:
        await internet.client().request("GET", "http://public.example/")
    assert other.connections == 0
    assert "s3cret" not in refusal.value.message


async def test_secrets_stay_with_their_origin(
    internet: Internet, public: Site, other: Site
) -> None:
    public.replies["/"] = redirect("/again")
    public.replies["/again"] = redirect("http://other.example/", status=307)
    other.replies["/"] = answer(b"done")
    response = await internet.client().request(
        "PUT",
        "http://public.example/again",
        headers=SECRETS | {"Content-Type": "text/plain", "Accept": "text/html"},
        content=b"body",
    )
    assert response.body == b"done"
    assert public.requests[0].headers["authorization"] == "Bearer s3cret"
    moved = other.requests[0]
    assert "s3cret" not in str(moved.headers)
    assert (moved.headers["content-type"], moved.headers["accept"]) == ("text/plain", "text/html")
    assert moved.headers["host"] == "other.example"


async def test_secrets_do_not_come_back_from_a_round_trip(
    internet: Internet, public: Site, other: Site
) -> None:
    public.replies["/"] = redirect("http://other.example/")
    other.replies["/"] = redirect("http://public.example/back")
    public.replies["/back"] = answer()
    await internet.client().request("GET", "http://public.example/", headers=SECRETS)
    assert "s3cret" in str(public.requests[0].headers)
    assert "s3cret" not in str(public.requests[1].headers)


async def test_another_port_is_another_origin(
    internet: Internet, public: Site, open_site: OpenSite
) -> None:
    neighbour = await open_site({"/": answer()})
    internet.routes["93.184.216.34", 8080] = neighbour
    public.replies["/"] = redirect("http://public.example:8080/")
    await internet.client().request("GET", "http://public.example/", headers=SECRETS)
    assert "s3cret" not in str(neighbour.requests[0].headers)


async def test_secrets_follow_within_their_origin(internet: Internet, public: Site) -> None:
    public.replies["/a/b"] = redirect("../c?d=e#f")
    public.replies["/c"] = answer(b"done")
    client = internet.client()
    response = await client.request("GET", "http://public.example/a/b", headers=SECRETS)
    assert response.body == b"done"
    assert public.requests[1].target == "/c?d=e"
    assert public.requests[1].headers["x-api-key"] == "s3cret"


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_moved_post_becomes_a_get_without_its_body(
    internet: Internet, public: Site, status: int
) -> None:
    public.replies["/"] = redirect("/seen", status)
    public.replies["/seen"] = answer(b"seen")
    await internet.client().request(
        "POST", "http://public.example/", content=b"body", headers={"Content-Type": "text/plain"}
    )
    assert [(seen.method, seen.body) for seen in public.requests] == [
        ("POST", b"body"),
        ("GET", b""),
    ]
    assert not {"content-type", "content-length"} & public.requests[1].headers.keys()


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_that_keeps_the_method_repeats_the_body(
    internet: Internet, public: Site, status: int
) -> None:
    public.replies["/"] = redirect("/seen", status)
    public.replies["/seen"] = answer(b"seen")
    await internet.client().request("POST", "http://public.example/", content=b"body")
    assert [(seen.method, seen.body) for seen in public.requests] == [
        ("POST", b"body"),
        ("POST", b"body"),
    ]


async def test_redirects_are_followed_so_many_times_and_no_more(
    internet: Internet, public: Site
) -> None:
    for hop in range(4):
        public.replies[f"/{hop}"] = redirect(f"/{hop + 1}")
    public.replies["/4"] = answer(b"done")
    client = internet.client(limits=OutboundLimits(max_redirects=3))
    assert (await client.request("GET", "http://public.example/1")).body == b"done"
    with pytest.raises(OutboundFailed, match="more than 3 times"):
        await client.request("GET", "http://public.example/0")
    public.replies["/loop"] = redirect("/loop")
    with pytest.raises(OutboundFailed, match="more than 0 times"):
        await client.request(
            "GET", "http://public.example/loop", limits=OutboundLimits(max_redirects=0)
        )


@pytest.mark.parametrize("reply", [answer(status="302 Found"), answer(status="304 Not Modified")])
async def test_a_status_that_leads_nowhere_is_an_answer(
    internet: Internet, public: Site, reply: bytes
) -> None:
    public.replies["/"] = reply
    response = await internet.client().request("GET", "http://public.example/")
    assert response.status in (302, 304)
