"""No secret is in any line, wherever it was put; people's addresses on demand."""

import json
import logging
import string
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.core.logging import log_context
from app.core.redaction import MASK, Redactor
from tests.log_lines import Format, line, logged


@pytest.fixture(params=["console", "json"])
def log_format(request: pytest.FixtureRequest) -> Format:
    return request.param


URL_SAFE = string.ascii_letters + string.digits + "-_"
ANY_VISIBLE = "".join(set(string.printable) - set(string.whitespace) - set("&'\"\\,;"))


def keys(prefix: str, length: int = 24) -> st.SearchStrategy[tuple[str, str]]:
    """What stands in the text, and the part of it that must not."""
    return st.text(URL_SAFE, min_size=length, max_size=48).map(lambda s: (prefix + s, s))


def after(lead: str, trail: str = "", alphabet: str = ANY_VISIBLE) -> st.SearchStrategy[Any]:
    return st.text(alphabet, min_size=12, max_size=40).map(lambda s: (lead + s + trail, s))


PLANTED = st.one_of(
    *(keys(prefix) for prefix in ("wh_", "wsk_", "nn_k_", "va_", "sk-ant-api03-", "AIza")),
    st.text(string.ascii_letters + string.digits, min_size=20).map(lambda s: ("gsk_" + s, s)),
    *(after(f"{name}{by}") for name in ("token", "api_key", "apikey", "password") for by in "=:"),
    after("?access_token=", "&page=2"),
    after("%3Ftoken%3D", alphabet=URL_SAFE),
    after("Bearer "),
    after("authorization: bearer "),
    after("Authorization: Basic "),
    after("Cookie: a=1; session="),
    after("{'authorization': 'Token ", "', 'accept': '*/*'}"),
    after("(b'cookie', b'id=", "')"),
    after('{"client_secret": "', '"}'),
    after('{\\"password\\": \\"', '\\"}'),
    after("postgresql://parley:", "@db:5432/parley", alphabet=ANY_VISIBLE),
    after("redis://:", "@cache/0", alphabet=ANY_VISIBLE),
)

AROUND = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["'", '"', "\\", "token=", "Bearer ", "://a:b@", "wh_", "x=", "a", "\n", "\r\n", "{'", "@"]
    ),
)


def in_message(log: logging.Logger, text: str) -> None:
    log.info(text)


def in_argument(log: logging.Logger, text: str) -> None:
    log.info("a %s b", text)


def in_named_argument(log: logging.Logger, text: str) -> None:
    log.info("a %(x)s b", {"x": text})


def in_repr(log: logging.Logger, text: str) -> None:
    log.info("a %r b", {"x": [text]})


def in_wrong_arguments(log: logging.Logger, text: str) -> None:
    log.info("%d", text)


def in_field(log: logging.Logger, text: str) -> None:
    log.info("m", extra={"x": text})


def in_field_name(log: logging.Logger, text: str) -> None:
    log.info("m", extra={text: 1})


def in_nested_fields(log: logging.Logger, text: str) -> None:
    log.info("m", extra={"x": {"y": [(text,), {text: {"z": [[text]]}}]}})


def in_bytes(log: logging.Logger, text: str) -> None:
    log.info("m", extra={"x": text.encode(errors="replace")})


def in_exception(log: logging.Logger, text: str) -> None:
    try:
        try:
            raise OSError(text)
        except OSError as cause:
            cause.add_note(text)
            raise ValueError(text, 1) from cause
    except ValueError:
        log.exception("m")


def in_logger_name(log: logging.Logger, text: str) -> None:
    record = log.makeRecord(text, logging.INFO, text, 1, "m", (), None, text, None, text)
    logging.getLogger().handle(record)


def in_exc_text(log: logging.Logger, text: str) -> None:
    record = log.makeRecord("x", logging.INFO, "", 1, "m", (), None)
    record.exc_text = text
    logging.getLogger().handle(record)


def in_request_id(log: logging.Logger, text: str) -> None:
    with log_context(request_id=text):
        log.info("m")


POSITIONS = [value for name, value in dict(globals()).items() if name.startswith("in_")]


class TestSecrets:
    @settings(max_examples=500, deadline=None)
    @given(
        planted=PLANTED,
        before=AROUND,
        behind=AROUND,
        where=st.sampled_from(POSITIONS),
        log_format=st.sampled_from(["console", "json"]),
        phi=st.booleans(),
    )
    @example(("wh_" + "4155550123" * 3, "4155550123" * 3), "", "", in_message, "json", True)
    @example(("va_abcdabcdabcdabcdabcd", "abcdabcdabcdabcdabcd"), "ja", "", in_field, "json", False)
    @example(("Bearer 4155550123ab", "4155550123ab"), "0", "TOKEN=", in_exception, "console", False)
    def test_a_planted_secret_is_in_no_line(
        self,
        planted: tuple[str, str],
        before: str,
        behind: str,
        where: Callable[[logging.Logger, str], None],
        log_format: Format,
        phi: bool,
    ) -> None:
        text, secret = planted
        assume(secret not in before + behind)
        output = logged(lambda log: where(log, before + text + behind), log_format, phi=phi)
        assert output
        assert secret not in output
        assert json.dumps(secret)[1:-1] not in output

    @pytest.mark.parametrize(
        "name",
        ["Authorization", "x-api-key", "accessToken", "refresh_token", "Set-Cookie", "PASSWORD"],
    )
    def test_a_field_that_is_named_like_a_secret_is_masked_whatever_it_holds(
        self, name: str
    ) -> None:
        got = line(
            lambda log: log.info(
                "m",
                extra={
                    "headers": {name: "hunter 2"},
                    "pairs": [(name.encode(), b"hunter 2"), ("accept", "*/*")],
                    name: ["hunter", 2],
                },
            )
        )
        assert "hunter" not in json.dumps(got)
        assert got["fields"]["pairs"][1] == ["accept", "*/*"]

    @pytest.mark.parametrize(
        "text",
        [
            "max_tokens=512 and 3 tokens: fine",
            "token bucket is full",
            "java_home nova_x wh_ va_",
            "http://127.0.0.1:9000/health?x=1",
            "GET /voice/calls/0190a5d2-1111-7222-8333-123456789012 200",
            "2025-11-21T05:36:22.123+00:00",
            "task-something-rather-long-and-harmless",
        ],
    )
    def test_ordinary_text_is_left_alone(self, text: str) -> None:
        assert Redactor(redact_phi=True).text(text) == text

    def test_what_was_masked_can_be_told(self) -> None:
        text = "key wh_abcdefgh01 of postgres://parley:hunter2@db/x by Bearer eyJhbGciOi.J9.sig"
        assert Redactor().text(text) == (
            f"key wh_{MASK} of postgres://parley:{MASK}@db/x by Bearer {MASK}"
        )

    def test_a_thread_of_a_library_is_no_way_around(self, log_format: Format) -> None:
        def act(log: logging.Logger) -> None:
            thread = threading.Thread(target=lambda: log.info("token=hunter2"))
            thread.start()
            thread.join()

        assert "hunter2" not in logged(act, log_format)


class TestPeople:
    @pytest.mark.parametrize(
        "text",
        [
            "zoe.b+x@example.co.uk",
            "zoe%40example.com",
            "+14155550123",
            "%2B14155550123",
            "+1 (415) 555-0123",
            "(415) 555-0123",
            "415-555-0123",
            "415.555.0123",
            "+91 98765 43210",
            "98765 43210",
            "4155550123",
            "tel:4155550123",
            "+44 20 7946 0958",
        ],
    )
    def test_addresses_and_numbers_are_masked_on_demand_only(self, text: str) -> None:
        message = f"call from {text}, ended"
        masked = line(lambda log: log.info(message, extra={"x": text}), phi=True)
        digits = text[-4:]
        assert digits not in json.dumps({**masked, "time": ""})
        assert line(lambda log: log.info(message))["message"] == message

    def test_numbers_that_are_not_text(self) -> None:
        got = line(
            lambda log: log.info("%d", 4155550123, extra={"n": 4155550123, "m": 5}), phi=True
        )
        assert (got["message"], got["fields"]) == (MASK, {"n": MASK, "m": 5})
