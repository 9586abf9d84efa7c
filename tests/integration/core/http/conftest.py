"""Sites on loopback, and an internet to place them in."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.core.http.internet import Internet, Reply, Site

OpenSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def open_site() -> AsyncIterator[OpenSite]:
    sites: list[Site] = []

    async def start(
        replies: dict[str, Reply] | None = None,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> Site:
        site = Site(replies or {})
        sites.append(await site.start(host, tls))
        return site

    yield start
    for site in sites:
        await site.stop()


@pytest.fixture
async def internet() -> AsyncIterator[Internet]:
    internet = Internet()
    yield internet
    await internet.aclose()


@pytest.fixture
async def public(internet: Internet, open_site: OpenSite) -> Site:
    """http://public.example"""
    site = await open_site()
    internet.place(site, "public.example", "93.184.216.34", 80)
    return site


@pytest.fixture
async def other(internet: Internet, open_site: OpenSite) -> Site:
    """http://other.example"""
    site = await open_site()
    internet.place(site, "other.example", "1.1.1.1", 80)
    return site
