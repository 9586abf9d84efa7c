"""Private addresses cannot be reached, by whatever name, spelling, record or pooled connection."""

import logging
import socket

import pytest

from app.core.http import (
    HostRule,
    OutboundBlocked,
    OutboundClient,
    OutboundFailed,
    OutboundLimits,
    OutboundTimedOut,
)
from tests.integration.core.http.conftest import OpenSite
from tests.integration.core.http.internet import Internet, Site, answer


def rules(*texts: str) -> frozenset[HostRule]:
    return frozenset(map(HostRule.parse, texts))


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "0x7f000001",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0177.1",
        "127。0。0。1",
        "0",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "10.0.0.1",
    ],
)
async def test_the_production_network_reaches_no_private_host(
    host: str, open_site: OpenSite
) -> None:
    site = await open_site({"/": answer(b"internal")})
    client = OutboundClient(forbid_in_transaction=lambda: None)
    # "127.0.0.1." is a name to some resolvers, which may have no answer: it never gets through
    with pytest.raises((OutboundBlocked, OutboundFailed, OutboundTimedOut)):
        await client.request("GET", f"http://{host}:{site.port}/")
    assert site.connections == 0
    await client.aclose()


@pytest.mark.parametrize(
    ("host", "bind"),
    [
        ("localhost", "127.0.0.1"),
        pytest.param(
            "[::1]", "::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback")
        ),
    ],
)
async def test_the_production_network_reaches_a_host_that_is_allowed(
    host: str, bind: str, open_site: OpenSite
) -> None:
    site = await open_site({"/": answer(b"internal")}, bind)
    client = OutboundClient(forbid_in_transaction=lambda: None, loopback_can_be_allowed=True)
    url = f"http://{host}:{site.port}/"
    allowed = rules(f"127.0.0.1:{site.port}", f"[::1]:{site.port}")
    assert (await client.request("GET", url, allowed=allowed)).body == b"internal"
    assert site.requests[0].headers["host"] == f"{host}:{site.port}"
    with pytest.raises(OutboundBlocked):
        await client.request("GET", url)
    assert len(site.requests) == 1
    await client.aclose()


async def test_a_public_host_is_reached_at_the_address_that_was_checked(
    internet: Internet, public: Site
) -> None:
    public.replies["/hello"] = answer(b"hello")
    response = await internet.client().request("GET", "http://public.example/hello?a=b")
    assert (response.status, response.body) == (200, b"hello")
    assert public.requests[0].target == "/hello?a=b"
    assert public.requests[0].headers["host"] == "public.example"
    assert internet.resolved == ["public.example"]
    assert internet.dialled == ["93.184.216.34"]


async def test_a_name_that_is_rebound_to_loopback_is_refused(
    internet: Internet, public: Site, open_site: OpenSite
) -> None:
    inside = await open_site({"/": answer(b"internal")})
    internet.routes["127.0.0.1", 80] = inside
    internet.names["public.example"] = [["93.184.216.34"], ["127.0.0.1"]]
    public.replies["/"] = answer(b"public", connection="close")
    client = internet.client()
    assert (await client.request("GET", "http://public.example/")).body == b"public"
    # The first request asked once: had it checked one answer and connected by another, it would
    # have used up the second here and reached loopback.
    assert internet.dialled == ["93.184.216.34"]
    with pytest.raises(OutboundBlocked):
        await client.request("GET", "http://public.example/")
    assert internet.dialled == ["93.184.216.34"]
    assert inside.connections == 0


async def test_one_private_address_among_public_ones_refuses_the_name(
    internet: Internet, public: Site
) -> None:
    internet.names["public.example"] = [["93.184.216.34", "10.0.0.1"]]
    with pytest.raises(OutboundBlocked):
        await internet.client().request("GET", "http://public.example/")
    assert internet.dialled == []


@pytest.mark.parametrize("port", [22, 25, 5432, 6379])
async def test_ports_of_other_protocols_are_not_dialled(internet: Internet, port: int) -> None:
    with pytest.raises(OutboundBlocked):
        await internet.client().request("GET", f"http://93.184.216.34:{port}/")
    assert internet.resolved == internet.dialled == []


async def test_an_allowed_host_is_open_to_its_organization_only(
    internet: Internet, open_site: OpenSite
) -> None:
    inside = await open_site({"/": answer(b"internal")})
    internet.routes["10.0.5.7", 8080] = inside
    client, allowed = internet.client(), rules("10.0.5.7:8080")
    url = "http://10.0.5.7:8080/"
    assert (await client.request("GET", url, allowed=allowed)).body == b"internal"

    # The connection is still open in the pool, and must serve nobody else.
    for others in (rules(), rules("10.0.5.8"), rules("10.0.5.7:8081"), rules("10.0.5.7:443")):
        with pytest.raises(OutboundBlocked):
            await client.request("GET", url, allowed=others)
    assert (len(inside.requests), inside.connections) == (1, 1)

    assert (await client.request("GET", url, allowed=rules("10.0.5.7:8080"))).status == 200
    assert (len(inside.requests), inside.connections) == (2, 1)


async def test_many_allow_lists_keep_their_walls_and_their_answers(
    internet: Internet, open_site: OpenSite
) -> None:
    inside = await open_site({"/": answer(b"internal")})
    client = internet.client()
    for last in range(1, 101):
        internet.routes[f"10.0.5.{last}", 80] = inside
        url, allowed = f"http://10.0.5.{last}/", rules(f"10.0.5.{last}")
        assert (await client.request("GET", url, allowed=allowed)).body == b"internal"
        with pytest.raises(OutboundBlocked):
            await client.request("GET", url, allowed=rules(f"10.0.5.{last + 1}"))
    assert inside.connections == 100


async def test_an_allowed_name_opens_the_name_and_not_its_address(
    internet: Internet, open_site: OpenSite
) -> None:
    inside = await open_site({"/": answer(b"internal")})
    internet.place(inside, "llm.bank.local", "10.0.5.7", 80)
    client, allowed = internet.client(), rules("llm.bank.local")
    url = "http://llm.bank.local/"
    assert (await client.request("GET", url, allowed=allowed)).body == b"internal"
    with pytest.raises(OutboundBlocked):
        await client.request("GET", "http://10.0.5.7/", allowed=allowed)


async def test_an_allowed_name_does_not_lead_to_the_metadata_service(internet: Internet) -> None:
    internet.names["llm.bank.local"] = [["169.254.169.254"]]
    client = internet.client(loopback_can_be_allowed=True)
    for url in (
        "http://llm.bank.local/",
        "http://169.254.169.254/latest",
        "http://[fd00:ec2::254]",
    ):
        with pytest.raises(OutboundBlocked):
            await client.request("GET", url, allowed=rules("llm.bank.local", "0.0.0.0/0", "::/0"))
    assert internet.dialled == []


async def test_an_address_that_accepts_nothing_gives_way_to_the_next(
    internet: Internet, public: Site
) -> None:
    public.replies["/"] = answer(b"public")
    internet.names["public.example"] = [["2606:4700::1", "9.9.9.9", "93.184.216.34"]]
    internet.black_holes.add("9.9.9.9")
    client = internet.client(limits=OutboundLimits(connect_s=1.0))
    assert (await client.request("GET", "http://public.example/")).body == b"public"
    assert internet.dialled == ["2606:4700::1", "9.9.9.9", "93.184.216.34"]


async def test_names_that_do_not_resolve_are_told_from_hosts_that_do_not_answer(
    internet: Internet,
) -> None:
    client = internet.client()
    with pytest.raises(OutboundFailed, match=r"missing\.example: its name cannot be resolved"):
        await client.request("GET", "http://missing.example/")
    with pytest.raises(OutboundFailed, match="accepts no connection") as failure:
        await client.request("GET", "http://9.9.9.9/")
    assert failure.value.status == 502
    internet.names["empty.example"] = [[]]
    with pytest.raises(OutboundFailed, match="no address"):
        await client.request("GET", "http://empty.example/")


async def test_proxies_of_the_environment_are_ignored(
    internet: Internet, public: Site, open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = await open_site()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    public.replies["/"] = answer(b"direct")
    assert (await internet.client().request("GET", "http://public.example/")).body == b"direct"
    assert proxy.connections == 0


async def test_nothing_is_sent_inside_a_transaction(internet: Internet, public: Site) -> None:
    def forbid() -> None:
        raise RuntimeError("inside a transaction")

    client = internet.client(forbid_in_transaction=forbid)
    with pytest.raises(RuntimeError, match="inside a transaction"):
        await client.request("GET", "http://public.example/")
    with pytest.raises(RuntimeError, match="inside a transaction"):
        async with client.stream("GET", "http://public.example/"):
            pass
    assert internet.resolved == []


async def test_secrets_stay_out_of_errors_and_logs(
    internet: Internet, public: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    public.replies["/hook"] = answer(b"ok")
    public.replies["/broken"] = b"garbage\r\n\r\n"
    client = internet.client()
    secret = {"authorization": "Bearer s3cret", "x-api-key": "s3cret"}
    await client.request(
        "POST", "http://public.example/hook?token=s3cret", headers=secret, content=b"s3cret"
    )
    told: list[str] = []
    for url, headers in [
        ("http://public.example/broken?token=s3cret", secret),
        ("http://10.0.0.1/hook?token=s3cret", secret),
        ("http://9.9.9.9/hook?token=s3cret", secret),
        ("http://user:s3cret@public.example/", secret),
        ("http://public.example/hook", {"authorization": "Bearer s3cret\r\nx: y"}),
        ("http://public.example/hook", {"authorization": "Bearer s3cret\u20ac"}),
    ]:
        with pytest.raises((OutboundBlocked, OutboundFailed)) as failure:
            await client.request("GET", url, headers=headers)
        told.append(f"{failure.value!r} {failure.value.details}")
        logging.getLogger("app").error("failed", exc_info=failure.value)
    assert "s3cret" not in "".join(told)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "CONNECTION"])
async def test_headers_that_frame_a_message_cannot_be_set(
    internet: Internet, public: Site, name: str
) -> None:
    with pytest.raises(OutboundBlocked, match=name.lower()):
        await internet.client().request("GET", "http://public.example/", headers={name: "x"})
    assert public.connections == 0


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\n\r\n", ""])
async def test_unknown_methods_are_refused(internet: Internet, public: Site, method: str) -> None:
    with pytest.raises(OutboundBlocked, match="method"):
        await internet.client().request(method, "http://public.example/")
    assert public.connections == 0
