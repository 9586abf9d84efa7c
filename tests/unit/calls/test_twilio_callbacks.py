"""What Twilio's callbacks say of a call."""

import pytest

from app.calls.telephony.callbacks import (
    Answered,
    Progress,
    Ringing,
    answered_of,
    progress_of,
    ringing_of,
)
from app.core.errors import InvalidInput


@pytest.mark.inventory("WH-268")
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("queued", "queued"),
        ("initiated", "queued"),
        ("ringing", "ringing"),
        ("in-progress", "in_progress"),
        ("completed", "completed"),
        ("busy", "busy"),
        ("no-answer", "no_answer"),
        ("canceled", "cancelled"),
        ("failed", "failed"),
    ],
)
def test_each_status_is_understood(said: str, status: str) -> None:
    name, progress = progress_of({"CallSid": "CA1", "CallStatus": said})
    assert name == f"CA1/{said}"
    assert (progress.sid, progress.status) == ("CA1", status)


def test_a_failure_says_why() -> None:
    failed = {"CallSid": "CA1", "CallStatus": "failed", "SipResponseCode": "404"}
    assert progress_of(failed)[1] == Progress("CA1", "failed", error_code="404")
    assert progress_of(failed | {"CallStatus": "completed"})[1].error_code == ""


def test_who_calls_whom() -> None:
    fields = {"CallSid": "CA1", "From": "+14155550100", "To": "+14155550199", "CallerName": ""}
    assert ringing_of(fields) == Ringing("CA1", "+14155550100", "+14155550199")
    with pytest.raises(InvalidInput, match="To"):
        ringing_of(fields | {"To": ""})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"CallSid": "CA1"},
        {"CallSid": "", "CallStatus": "busy"},
        {"CallSid": "C" * 65, "CallStatus": "busy"},
        {"CallSid": "CA1", "CallStatus": "exploded"},
    ],
)
def test_what_is_no_status_names_its_field(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        progress_of(fields)
    assert caught.value.details["field"] in {"CallSid", "CallStatus"}


@pytest.mark.inventory("WH-269")
@pytest.mark.parametrize(
    ("by", "is_machine", "takes_message"),
    [
        ("human", False, False),
        ("unknown", False, False),
        ("machine_start", True, False),
        ("machine_end_beep", True, True),
        ("machine_end_silence", True, True),
        ("machine_end_other", True, True),
        ("fax", True, False),
    ],
)
def test_who_answered(by: str, *, is_machine: bool, takes_message: bool) -> None:
    name, answered = answered_of({"CallSid": "CA1", "AnsweredBy": by})
    assert (name, answered) == ("CA1/answered", Answered("CA1", by))
    assert answered.is_machine == is_machine
    assert answered.takes_message == takes_message
