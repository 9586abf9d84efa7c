"""Servers that browsers are reached through are checked at the start, not at the first call."""

import pytest

from app.core.setting_fields import SettingInvalid
from app.core.settings import WebRtc
from app.wiring.browsers import ice_servers


def test_without_settings_nobody_is_asked() -> None:
    assert ice_servers(WebRtc()) == []


def test_servers_are_as_they_were_set() -> None:
    stun, turn = ice_servers(
        WebRtc(
            stun_url="stun:stun.bank.example:3478",
            turn_url="turns:turn.bank.example:5349?transport=tcp",
            turn_user="parley",
            turn_password="secret",
        )
    )
    assert stun.urls == "stun:stun.bank.example:3478"
    assert turn.urls == "turns:turn.bank.example:5349?transport=tcp"
    assert (turn.username, turn.credential) == ("parley", "secret")


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
        ice_servers(settings)
