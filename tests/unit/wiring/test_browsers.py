"""Servers that browsers are reached through are checked at the start, not at the first call."""

import hashlib
import hmac
from base64 import b64decode
from datetime import UTC, datetime

import pytest

from app.core.setting_fields import Secret, SettingInvalid
from app.core.settings import WebRtc
from app.wiring.browsers import ice_servers

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def test_without_settings_nobody_is_asked() -> None:
    assert ice_servers(WebRtc(), NOW) == []


def test_servers_are_as_they_were_set() -> None:
    stun, turn = ice_servers(
        WebRtc(
            stun_url="stun:stun.bank.example:3478",
            turn_url="turns:turn.bank.example:5349?transport=tcp",
            turn_user="parley",
            turn_password=Secret("secret"),
        ),
        NOW,
    )
    assert stun.urls == "stun:stun.bank.example:3478"
    assert turn.urls == "turns:turn.bank.example:5349?transport=tcp"
    assert (turn.username, turn.credential) == ("parley", "secret")


def test_a_shared_secret_makes_credentials_that_hold_for_a_day() -> None:
    """As the REST interface of TURN has it: HMAC-SHA1 of the time until which they hold."""
    settings = WebRtc(turn_url="turn:turn.bank.example", turn_secret=Secret("north"))
    [turn] = ice_servers(settings, NOW)
    until = int(NOW.timestamp()) + 86_400
    assert turn.username == f"{until}:parley"
    signed = hmac.new(b"north", turn.username.encode(), hashlib.sha1).digest()
    assert b64decode(str(turn.credential)) == signed
    assert "north" not in repr(settings)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (WebRtc(stun_url="stun.bank.example"), "PARLEY_STUN_URL"),
        (WebRtc(stun_url="stuns:stun.bank.example"), "PARLEY_STUN_URL"),
        (WebRtc(stun_url="turn:turn.bank.example"), "PARLEY_STUN_URL"),
        (WebRtc(turn_url="https://turn.bank.example"), "PARLEY_TURN_URL"),
        (WebRtc(turn_url="stun:stun.bank.example"), "PARLEY_TURN_URL"),
    ],
)
def test_what_is_no_server_is_named(settings: WebRtc, name: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        ice_servers(settings, NOW)
