"""The operator's own endpoints: reached wherever they are, and nothing but them."""

import pytest

from app.core.http import OutboundBlocked, OutboundClient, OutboundLimits, ResponseTooLarge
from tests.integration.core.http.conftest import OpenSite
from tests.integration.core.http.internet import Internet, Site, answer, redirect


async def test_an_endpoint_on_loopback_is_reached_on_the_production_network(
    open_site: OpenSite,
) -> None:
    site = await open_site({"/v1/models": answer(b"{}")})
    base = f"http://127.0.0.1:{site.port}"
    client = OutboundClient(
        forbid_in_transaction=lambda: None, trusted_base_urls=frozenset({f"{base}/v1"})
    )
    assert (await client.request("GET", f"{base}/v1/models")).body == b"{}"
    await client.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8081/",
        "https://127.0.0.1:8080/",
        "http://localhost:8080/",
        "http://public.example/",
        "http://10.0.0.1:8080/",
    ],
)
async def test_other_origins_are_refused(internet: Internet, url: str) -> None:
    client = internet.client(trusted_base_urls=frozenset({"http://127.0.0.1:8080/v1"}))
    with pytest.raises(OutboundBlocked, match="no endpoint of the operator"):
        await client.request("GET", url)
    assert internet.dialled == []


async def test_an_endpoint_cannot_redirect_away(internet: Internet, public: Site) -> None:
    public.replies["/"] = redirect("http://10.0.0.1/")
    client = internet.client(trusted_base_urls=frozenset({"http://public.example"}))
    with pytest.raises(OutboundBlocked):
        await client.request("GET", "http://public.example/")
    assert internet.dialled == ["93.184.216.34"]


async def test_the_same_limits_hold(internet: Internet, public: Site) -> None:
    public.replies["/"] = answer(b"x" * 1000)
    client = internet.client(
        trusted_base_urls=frozenset({"http://public.example"}),
        limits=OutboundLimits(max_response_bytes=999),
    )
    with pytest.raises(ResponseTooLarge):
        await client.request("GET", "http://public.example/")


def test_a_base_url_that_cannot_be_requested_is_refused_at_the_start() -> None:
    with pytest.raises(OutboundBlocked):
        OutboundClient(
            forbid_in_transaction=lambda: None, trusted_base_urls=frozenset({"localhost:8080"})
        )
