"""Log lines: their shape, that nothing forges one and that nothing stops one."""

import inspect
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Generator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.websockets import websockets_sansio_impl

from app.core.logging import configure, log_context
from tests.log_lines import Format, line, logged

ORG = UUID("0190a5d2-1111-7222-8333-123456789012")


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Generator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture(params=["console", "json"])
def log_format(request: pytest.FixtureRequest) -> Format:
    return request.param


class TestShape:
    def test_a_json_line(self) -> None:
        with log_context(request_id="r-1", org_id=ORG):
            got = line(lambda log: log.warning("%d of %s", 3, "ten", extra={"job": {"id": 7}}))
        assert got.pop("time").endswith("+00:00")
        assert got == {
            "level": "WARNING",
            "logger": "app.test",
            "message": "3 of ten",
            "request_id": "r-1",
            "org_id": str(ORG),
            "fields": {"job": {"id": 7}},
        }

    def test_a_console_line(self) -> None:
        with log_context(request_id="r-1"):
            text = logged(lambda log: log.info("ready", extra={"port": 9000}), "console")
        assert text.endswith(" INFO    app.test ready request_id=r-1 port=9000\n")

    def test_context_ends_with_its_block(self) -> None:
        with log_context(request_id="outer", org_id=ORG):
            with log_context(request_id="inner"):
                inner = line(lambda log: log.info(""))
            outer = line(lambda log: log.info(""))
        assert (inner["request_id"], inner["org_id"]) == ("inner", str(ORG))
        assert outer["request_id"] == "outer"
        assert "request_id" not in line(lambda log: log.info(""))

    def test_an_extra_field_cannot_pass_for_one_of_ours(self) -> None:
        got = line(lambda log: log.info("m", extra={"level": "FAKE", "time": "never"}))
        assert got["level"] == "INFO"
        assert got["fields"] == {"level": "FAKE", "time": "never"}

    def test_a_traceback_is_kept_whole(self, log_format: Format) -> None:
        def act(log: logging.Logger) -> None:
            try:
                try:
                    raise KeyError("cause")
                except KeyError as cause:
                    raise ValueError("effect") from cause
            except ValueError:
                log.exception("failed")

        text = logged(act, log_format)
        assert "KeyError: 'cause'" in text
        assert "direct cause" in text
        assert "ValueError: effect" in text

    def test_the_level_is_kept(self) -> None:
        stream = io.StringIO()
        configure("WARNING", "json", stream=stream)
        logging.getLogger("app.test").info("quiet")
        logging.getLogger("app.test").error("loud")
        assert [json.loads(text)["message"] for text in stream.getvalue().splitlines()] == ["loud"]

    def test_configuring_twice_does_not_write_twice(self) -> None:
        logged(lambda log: log.info("first"))
        assert logged(lambda log: log.info("second")).count("second") == 1

    def test_libraries_with_handlers_of_their_own_go_through_the_same_pipe(self) -> None:
        theirs = io.StringIO()
        access = logging.getLogger("uvicorn.access")
        access.addHandler(logging.StreamHandler(theirs))
        access.propagate = False
        text = logged(
            lambda _: access.warning(
                '%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/a?token=hunter2&x=1", "1.1", 200
            )
        )
        assert json.loads(text)["message"] == '1.2.3.4:5 - "GET /a?token=***&x=1 HTTP/1.1" 200'
        assert theirs.getvalue() == ""

    def test_warnings_are_logged(self) -> None:
        def act(_: logging.Logger) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                logging.captureWarnings(capture=True)
                warnings.warn("old and token=hunter2", stacklevel=1)

        with warnings.catch_warnings():
            text = logged(act)
        assert "old and token=***" in text


class TestNothingIsLost:
    """Whatever is logged, one line comes out and nothing is raised or printed beside it."""

    class Unprintable:
        def __repr__(self) -> str:
            raise RuntimeError("no text")

    @pytest.mark.parametrize(
        "value",
        [
            Unprintable(),
            [Unprintable()],
            "\ud800 half a pair",
            {"\udfff": "\ud800"},
            float("nan"),
            2**80,
            b"\xff\x00raw",
            {1: 2, (3, 4): {5}},
            object(),
            range(3),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_odd_values(
        self, value: object, log_format: Format, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = logged(lambda log: log.info("got %s", value, extra={"value": value}), log_format)
        assert text.count("\n") == 1
        text.encode()
        assert capsys.readouterr().err == ""

    def test_arguments_that_do_not_fit(
        self, log_format: Format, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = logged(lambda log: log.info("%d calls %s", *["token=hunter2"]), log_format)
        assert "%d calls %s" in text
        assert "hunter2" not in text
        assert capsys.readouterr().err == ""

    def test_a_stream_that_fails_shows_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        class Full(io.StringIO):
            def write(self, text: str, /) -> int:
                raise OSError("no space left")

        configure("INFO", "json", stream=Full())
        logging.getLogger("app.test").info("token=hunter2")
        assert capsys.readouterr().err == ""

    def test_a_structure_that_contains_itself(self, log_format: Format) -> None:
        loop: list[object] = ["x"]
        loop.append(loop)
        assert logged(lambda log: log.info("m", extra={"loop": loop}), log_format).count("\n") == 1

    def test_huge_messages_and_structures_are_cut(self, log_format: Format) -> None:
        assert len(logged(lambda log: log.info("x" * 10_000_000), log_format)) < 20_000
        many = {"items": list(range(1_000_000))}
        assert len(logged(lambda log: log.info("m", extra=many), log_format)) < 20_000


class TestForgery:
    @pytest.mark.parametrize(
        "breaks", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\0"]
    )
    @pytest.mark.parametrize("where", ["message", "argument", "field", "field name", "request id"])
    def test_one_record_is_one_line(self, breaks: str, where: str, log_format: Format) -> None:
        forged = f"{breaks}12:00:00.000 INFO    app.auth admin signed in"
        put: dict[str, Callable[[logging.Logger], None]] = {
            "message": lambda log: log.info(forged),
            "argument": lambda log: log.info("user %s", forged),
            "field": lambda log: log.info("m", extra={"user": forged}),
            "field name": lambda log: log.info("m", extra={forged: {forged: 1}}),
            "request id": lambda log: log.info("m"),
        }
        with log_context(request_id=forged if where == "request id" else None):
            text = logged(put[where], log_format)
        assert len(text.splitlines()) == 1
        assert breaks not in text.removesuffix("\n")

    def test_a_forged_line_in_an_exception_stays_behind_the_bar(self) -> None:
        def act(log: logging.Logger) -> None:
            try:
                raise ValueError("x\n12:00:00.000 INFO forged\r12:00:01.000 INFO\u2028twice")
            except ValueError:
                log.exception("failed")

        first, *rest = logged(act, "console").splitlines()
        assert "app.test failed" in first
        assert len(rest) >= 4
        assert all(text.startswith("    | ") for text in rest)

    @pytest.mark.parametrize("char", ["\x1b[31m", "\x9b31m", "\x7f", "\u202e", "\u2066", "\x08"])
    def test_terminals_and_readers_are_not_steered(self, char: str, log_format: Format) -> None:
        assert char[0] not in logged(lambda log: log.info("a%sb", char), log_format)

    @given(st.text(), st.sampled_from(["console", "json"]))
    def test_any_text_is_one_line(self, text: str, log_format: Format) -> None:
        output = logged(lambda log: log.info(text, extra={"text": text}), log_format)
        assert len(output.splitlines()) == 1
        if log_format == "json":
            assert json.loads(output)["logger"] == "app.test"


def test_standard_error_is_where_lines_go(capsys: pytest.CaptureFixture[str]) -> None:
    configure("INFO", "json", stream=sys.stderr)
    logging.getLogger("app.test").info("hello")
    assert json.loads(capsys.readouterr().err)["message"] == "hello"


def test_a_refusal_of_a_websocket_is_no_error() -> None:
    """uvicorn says so of each that was answered before its handshake."""
    said = "ASGI callable returned without completing handshake."
    assert said in inspect.getsource(websockets_sansio_impl)
    stream = io.StringIO()
    configure("INFO", "json", stream=stream)
    for message in (said, "Exception in ASGI application"):
        logging.getLogger("uvicorn.error").error(message)
    (told,) = stream.getvalue().splitlines()
    assert json.loads(told)["message"] == "Exception in ASGI application"
