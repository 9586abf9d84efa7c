"""Our reading of Twilio's signatures, against the official library's."""

from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from app.calls.telephony.signatures import (
    SETTINGS,
    SIGNATURE,
    CallbackSignatures,
    SignatureWrong,
)
from app.core.errors import InvalidInput

TOKEN, KEY = "12345", "shared key"
URL = "https://parley.example/bot/api/calls/twilio-status?organization=1&call=2"
FIELDS = {"CallSid": "CA1", "CallStatus": "completed", "From": "+14158675310", "CallerName": ""}


def headers(signature: str, settings: str = "") -> dict[str, str]:
    return {SIGNATURE: signature} | ({SETTINGS: settings} if settings else {})


def signed(url: str, fields: Any, key: str = TOKEN, algorithm: str | None = None) -> str:
    return RequestValidator(key).compute_signature(url, fields, algorithm)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL.replace("https", "http"),
        URL.replace(".example", ".example:8443"),
        "https://user:pass@parley.example/x",
        "https://parley.example/x?a=%20b&c",
    ],
)
@pytest.mark.parametrize(
    "fields",
    [
        FIELDS,
        {},
        FIELDS | {"Body": "Grüße & 100% + more", "b": "1", "B": "2"},
    ],
)
def test_what_twilio_signs_is_believed(url: str, fields: dict[str, str]) -> None:
    signatures = CallbackSignatures(TOKEN, "")
    body = urlencode(fields).encode()
    assert signatures.fields(url, body, headers(signed(url, fields))) == fields


def test_a_field_that_comes_twice_is_signed_as_the_library_signs_it() -> None:
    class Many(dict[str, list[str]]):
        getall = dict[str, list[str]].__getitem__

    pairs = [("Tag", "b"), ("Tag", "a"), ("Tag", "a")]
    signature = signed(URL, Many(Tag=["b", "a", "a"]))
    signatures = CallbackSignatures(TOKEN, "")
    assert signatures.fields(URL, urlencode(pairs).encode(), headers(signature)) == {"Tag": "a"}


@pytest.mark.parametrize("with_port", [True, False])
def test_the_port_may_be_in_what_is_signed_or_not(*, with_port: bool) -> None:
    asked = "https://parley.example/x"
    other = "https://parley.example:443/x"
    signature = signed(other if with_port else asked, FIELDS)
    CallbackSignatures(TOKEN, "").fields(asked, urlencode(FIELDS).encode(), headers(signature))


def test_the_header_of_settings_names_the_algorithm_and_with_it_the_key() -> None:
    signatures = CallbackSignatures(TOKEN, KEY)
    body = urlencode(FIELDS).encode()
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    signature = signed(URL, FIELDS, KEY, "HMAC_SHA256")
    assert signatures.fields(URL, body, headers(signature, settings)) == FIELDS
    with pytest.raises(SignatureWrong):
        signatures.fields(URL, body, headers(signature))
    with pytest.raises(SignatureWrong):
        signatures.fields(URL, body, headers(signed(URL, FIELDS), settings))
    with pytest.raises(SignatureWrong):
        signatures.fields(URL, body, headers(signature, "algorithm=HMAC_MD5"))


def test_without_a_key_nothing_is_believed() -> None:
    body = urlencode(FIELDS).encode()
    with pytest.raises(SignatureWrong):
        CallbackSignatures("", "").fields(URL, body, headers(signed(URL, FIELDS, "")))
    settings = "algorithm=HMAC_SHA256"
    signature = signed(URL, FIELDS, "", "HMAC_SHA256")
    with pytest.raises(SignatureWrong):
        CallbackSignatures(TOKEN, "").fields(URL, body, headers(signature, settings))


@pytest.mark.parametrize(
    ("url", "body", "signature"),
    [
        (URL + "&x=1", urlencode(FIELDS), signed(URL, FIELDS)),
        (URL, urlencode(FIELDS | {"CallStatus": "busy"}), signed(URL, FIELDS)),
        (URL, urlencode(FIELDS) + "&More=1", signed(URL, FIELDS)),
        (URL, urlencode(FIELDS), ""),
        (URL, urlencode(FIELDS), "größer"),
        (URL, urlencode(FIELDS), signed(URL, FIELDS, "another token")),
    ],
)
def test_what_was_changed_on_the_way_is_not_believed(url: str, body: str, signature: str) -> None:
    with pytest.raises(SignatureWrong):
        CallbackSignatures(TOKEN, "").fields(url, body.encode(), headers(signature))


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", "&".join(["a=1"] * 201).encode()])
def test_what_is_no_form_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        CallbackSignatures(TOKEN, "").fields(URL, body, headers("x"))
