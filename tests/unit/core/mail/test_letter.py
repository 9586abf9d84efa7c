"""A letter: nothing in it can become a header, and what it says arrives as it was written."""

import email
import email.policy
import string
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import utc_now
from app.core.mail.letter import AddressInvalid, Letter, LetterInvalid, Mailbox, compose

EVE = "eve@evil.example"
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]
SENDER = Mailbox("parley@bank.example", "Parley")
ID = UUID(int=7)

NASTY = st.sampled_from(
    [
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\x0b",
        "\x85",
        "\u2028",
        "\r\n\r\n",
        f"\r\nBcc: {EVE}",
        f"=?utf-8?q?=0D=0ABcc=3A_{EVE}?=",
        "=?utf-8?b?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
        "=?",
        "?=",
        " ",
        '"',
        "<",
        ">",
        ",",
        "@",
        "é",
        "\u202e",
        "\ud800",
        "😀",
        "x" * 80,
    ]
)
HOSTILE = st.lists(NASTY | st.text(max_size=8), max_size=8).map("".join)
ENCODED = st.sampled_from(["=?utf-8?q?=0D=0ABcc=3Aeve?=", "=?utf-8?b?DQpCY2M6IGV2ZQ==?="])
ATEXT = ENCODED | st.text(
    string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~.é用", max_size=64
)


def a_letter(
    to: str = "ada@bank.example", subject: str = "Hello", text: str = "Hi\n", html: str = "<p>Hi\n"
) -> Letter:
    return Letter(to, subject, text, html, utc_now() + timedelta(hours=1))


def wire(letter: Letter) -> bytes:
    return compose(letter, SENDER, letter_id=ID, at=utc_now()).as_bytes()


def header_names(content: bytes) -> list[str]:
    head = content.partition(b"\r\n\r\n")[0]
    lines = [line for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    return [line.partition(b":")[0].decode() for line in lines]


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(content: bytes, subtype: str) -> str:
    body = parsed(content).get_body((subtype,))
    assert isinstance(body, EmailMessage)
    return body.get_content().replace("\r\n", "\n")


@given(HOSTILE)
def test_no_subject_becomes_another_header(subject: str) -> None:
    try:
        letter = a_letter(subject=subject)
    except LetterInvalid:
        return
    content = wire(letter)
    assert header_names(content) == HEADERS
    assert parsed(content)["Subject"] == " ".join(subject.split())


@given(st.builds("{}@{}".format, ATEXT | HOSTILE, st.just("bank.example") | HOSTILE))
def test_no_address_becomes_another_header_or_another_address(address: str) -> None:
    try:
        letter = a_letter(to=address)
    except AddressInvalid:
        return
    content = wire(letter)
    assert header_names(content) == HEADERS
    assert parsed(content)["To"] == Mailbox.parse(address).address


@given(HOSTILE, HOSTILE)
def test_no_text_becomes_a_header_or_ends_the_letter(text: str, html: str) -> None:
    try:
        letter = a_letter(text=text, html=html)
    except LetterInvalid:
        return
    content = wire(letter)
    assert header_names(content) == HEADERS
    assert part(content, "plain").rstrip("\n") == lines_of(text)
    assert part(content, "html").rstrip("\n") == lines_of(html)


def lines_of(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@bank.example",
        "ada@",
        "ada@bank.example, eve@evil.example",
        "Ada <ada@bank.example>",
        f"ada@bank.example\r\nBcc: {EVE}",
        "ada@bank.example\n",
        "ada\0@bank.example",
        "ada@bank\0.example",
        '"ada bob"@bank.example',
        "ada@bank.example\u202e",
        f"=?utf-8?q?=0D=0ABcc=3A{EVE}",
        "=?utf-8?q?=0D=0ABcc=3Aeve=40evil.example?=@bank.example",
        "e\u0301" * 1_000_000,
        "a" * 65 + "@" + "b" * 250 + ".example",
        "ada@\ud800.example",
    ],
)
def test_what_is_no_address_is_refused_with_the_field(address: str) -> None:
    with pytest.raises(AddressInvalid) as refusal:
        a_letter(to=address)
    assert (refusal.value.status, refusal.value.details) == (400, {"field": "email"})
    assert "evil" not in refusal.value.message


@pytest.mark.parametrize(
    ("written", "on_the_wire"),
    [
        ("ada@bank.example", "ada@bank.example"),
        ("Ada.Lovelace+news@BANK.example", "Ada.Lovelace+news@bank.example"),
        ("ada@mail.bank.local", "ada@mail.bank.local"),
        ("root@localhost", "root@localhost"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("用户@例え.example", "用户@xn--r8jz45g.example"),
    ],
)
def test_addresses_of_all_scripts_and_of_private_networks(written: str, on_the_wire: str) -> None:
    assert Mailbox.parse(written).address == on_the_wire


@pytest.mark.parametrize("subject", ["", "   ", "x" * 256, "a\tb", "a\x1b[31mb"])
def test_a_subject_that_is_none_is_refused(subject: str) -> None:
    with pytest.raises(LetterInvalid) as refusal:
        a_letter(subject=subject)
    assert (refusal.value.status, refusal.value.details) == (400, {"field": "subject"})


@pytest.mark.parametrize("field", ["text", "html"])
@pytest.mark.parametrize("content", ["a\0b", "a\x1b[31mb", "a\ud800b", "a\x7f"])
def test_a_text_with_control_characters_is_refused(field: str, content: str) -> None:
    with pytest.raises(LetterInvalid) as refusal:
        a_letter(**{field: content})
    assert (refusal.value.status, refusal.value.details) == (400, {"field": field})


def test_the_name_of_the_sender_stands_in_the_header() -> None:
    sender = Mailbox.parse("parley@bank.example", name='Zürich, "Bank"')
    content = compose(a_letter(), sender, letter_id=ID, at=utc_now()).as_bytes()
    (address,) = parsed(content)["From"].addresses
    assert (address.display_name, address.addr_spec) == ('Zürich, "Bank"', "parley@bank.example")


def test_a_line_with_only_a_dot_and_long_lines_survive() -> None:
    text = "one\n.\n..two\n" + "é" * 2000 + "\nFrom here on\n"
    content = wire(a_letter(text=text))
    assert part(content, "plain") == text
    assert max(len(line) for line in content.split(b"\r\n")) < 998
