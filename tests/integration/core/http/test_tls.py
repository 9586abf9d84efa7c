"""TLS is verified for the host name although an address is dialled."""

import asyncio
import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core.clock import utc_now
from app.core.http import OutboundBlocked, OutboundFailed
from tests.integration.core.http.conftest import OpenSite
from tests.integration.core.http.internet import Internet, Site, answer, redirect


class Authority:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.certificate = builder.sign(self._key, hashes.SHA256())

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(utc_now() - timedelta(days=2))
            .not_valid_after(utc_now() + timedelta(days=2))
        )

    def server(self, *names: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [
            x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
            for name in names
        ]
        certificate = (
            self._builder(x509.Name([]), key.public_key())
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


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
