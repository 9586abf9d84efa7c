"""TLS is verified for the host name although an address is dialled."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from app.core.http import OutboundBlocked, OutboundFailed
from tests.authority import Authority
from tests.integration.core.http.conftest import OpenSite
from tests.integration.core.http.internet import Internet, Site, answer, redirect


@pytest.fixture
def authority(tmp_path: Path, internet: Internet) -> Authority:
    authority = Authority(tmp_path)
    internet.certificates.load_verify_locations(
        cadata=authority.certificate.public_bytes(serialization.Encoding.DER)
    )
    return authority


async def test_the_name_is_sent_and_verified_while_an_address_is_dialled(
    internet: Internet, open_site: OpenSite, authority: Authority
) -> None:
    site = await open_site({"/": answer(b"secure")}, tls=authority.server("public.example"))
    internet.place(site, "public.example", "93.184.216.34", 443)
    response = await internet.client().request("GET", "https://public.example/")
    assert response.body == b"secure"
    assert internet.dialled == ["93.184.216.34"]
    assert site.server_names == ["public.example"]
    assert site.requests[0].headers["host"] == "public.example"


async def test_a_certificate_for_another_name_is_refused(
    internet: Internet, open_site: OpenSite, authority: Authority
) -> None:
    tls = authority.server("other.example", "93.184.216.34")
    site = await open_site({"/": answer(b"secure")}, tls=tls)
    internet.place(site, "public.example", "93.184.216.34", 443)
    client = internet.client()
    with pytest.raises(OutboundFailed, match="certificate is not trusted: Hostname mismatch"):
        await client.request("GET", "https://public.example/", headers={"authorization": "x"})
    assert site.requests == []
    assert (await client.request("GET", "https://93.184.216.34/")).body == b"secure"


async def test_an_unknown_authority_is_refused(
    internet: Internet, open_site: OpenSite, tmp_path: Path
) -> None:
    tls = Authority(tmp_path).server("public.example")
    site = await open_site({"/": answer(b"secure")}, tls=tls)
    internet.place(site, "public.example", "93.184.216.34", 443)
    with pytest.raises(OutboundFailed, match="certificate is not trusted"):
        await internet.client().request("GET", "https://public.example/")
    assert site.requests == []


async def test_a_server_without_tls_is_told(internet: Internet) -> None:
    async def complain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(complain, "127.0.0.1", 0) as server:
        site = Site(port=server.sockets[0].getsockname()[1])
        internet.place(site, "public.example", "93.184.216.34", 443)
        with pytest.raises(OutboundFailed, match="no TLS connection"):
            await internet.client().request("GET", "https://public.example/")


async def test_a_redirect_from_https_to_http_is_refused(
    internet: Internet, open_site: OpenSite, authority: Authority, public: Site
) -> None:
    tls = authority.server("public.example")
    site = await open_site({"/": redirect("http://public.example/")}, tls=tls)
    internet.routes["93.184.216.34", 443] = site
    with pytest.raises(OutboundBlocked, match="https to plain http"):
        await internet.client().request("GET", "https://public.example/")
    assert public.connections == 0


async def test_a_redirect_from_http_to_https_is_followed(
    internet: Internet, open_site: OpenSite, authority: Authority, public: Site
) -> None:
    site = await open_site({"/": answer(b"secure")}, tls=authority.server("public.example"))
    internet.routes["93.184.216.34", 443] = site
    public.replies["/"] = redirect("https://public.example/")
    assert (await internet.client().request("GET", "http://public.example/")).body == b"secure"
