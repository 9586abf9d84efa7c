"""Whose X-Forwarded-For is believed, and which of its addresses is the client's."""

import pytest

from app.core.proxies import TrustedProxies
from app.core.setting_fields import SettingInvalid

PROXIES = TrustedProxies.parse("10.0.0.0/8, 192.0.2.1, 2001:db8:1::/48")


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.1", True),
        ("2001:db8:1::7", True),
        ("192.0.2.2", False),
        ("2001:db8:2::7", False),
        ("::1", False),
        ("", False),
        ("proxy.local", False),
    ],
)
def test_only_the_addresses_that_are_named_are_trusted(peer: str, trusted: bool) -> None:
    assert PROXIES.trust(peer) is trusted


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], "10.1.2.3"),
        (["203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        (["10.7.7.7, 10.9.9.9"], "10.7.7.7"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["[2001:DB8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, unknown"], "10.1.2.3"),
        (["203.0.113.7, , 10.9.9.9"], "10.9.9.9"),
        (["'; DROP TABLE users"], "10.1.2.3"),
        (["1.2.3.4.5"], "10.1.2.3"),
        (["," * 50_000], "10.1.2.3"),
    ],
)
def test_the_nearest_address_that_no_proxy_speaks_for_is_the_client(
    forwarded: list[str], client: str
) -> None:
    assert PROXIES.client_behind("10.1.2.3", forwarded) == client


@pytest.mark.parametrize("wrong", ["*", "10.0.0.0/33", "10.0.0.1/8", "proxy.local", "10.0.0.1;::1"])
def test_what_is_no_address_or_network_stops_the_start(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="PARLEY_TRUSTED_PROXIES must be addresses"):
        TrustedProxies.parse(f"10.0.0.0/8,{wrong}")
