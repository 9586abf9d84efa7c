"""Which URLs can be requested at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.http import OutboundBlocked
from app.core.http.urls import origin_of, read_url, refuse_port


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://public.example", ("http", "public.example", 80)),
        ("HTTPS://Public.Example:443/x?y#z", ("https", "public.example", 443)),
        ("https://public.example:8443", ("https", "public.example", 8443)),
        ("http://bücher.example/ä", ("http", "xn--bcher-kva.example", 80)),
        ("http://[2606:4700::1111]:81/", ("http", "2606:4700::1111", 81)),
    ],
)
def test_urls_are_read(text: str, origin: tuple[str, str, int]) -> None:
    assert origin_of(read_url(text)) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "public.example",
        "//public.example",
        "/path",
        "ftp://public.example",
        "file:///etc/passwd",
        "gopher://public.example",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://:80",
        "http://user@public.example",
        "http://user:secret@public.example",
        "http://:x@public.example",
        "http://public.example:0",
        "http://public.example:65536",
        "http://public.example:-1",
        "http://public.example:80x",
        "http://pub lic.example",
        "http://public.example\r\nX: y",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[::1",
        "http://a\\b.example/",
        "http://a%00.example/",
        "http://" + "a" * 254,
        "http://public.example/" + "a" * 70000,
        "http://\ud800/",
        "http://public.example\x00/",
    ],
)
def test_what_cannot_be_requested_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(OutboundBlocked) as refusal:
        read_url(text)
    assert refusal.value.status == 400
    assert "secret" not in refusal.value.message


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (
        text,
        f"http://{text}",
        f"http://public.example:{text}",
        f"http://x.example/{text}",
    ):
        try:
            read_url(url)
        except OutboundBlocked:
            continue


@pytest.mark.parametrize("port", [22, 25, 445, 3306, 5432, 6379, 6667, 11211, 27017])
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    with pytest.raises(OutboundBlocked, match=f"port {port} "):
        refuse_port(origin_of(read_url(f"http://public.example:{port}")))


@pytest.mark.parametrize("port", [80, 443, 3000, 8000, 8080, 8443, 9000, 11434])
def test_other_ports_are_open(port: int) -> None:
    refuse_port(origin_of(read_url(f"http://public.example:{port}")))
