"""What an operator's rules open, and what they never open."""

from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest

from app.core.http import HostRule, InvalidHostRule, OutboundBlocked
from app.core.http.rules import AddressGuard


def guard(*rules: str, loopback: bool = False) -> AddressGuard:
    return AddressGuard(frozenset(map(HostRule.parse, rules)), loopback)


def admits(subject: AddressGuard, host: str, port: int, *addresses: str) -> bool:
    try:
        subject(host, port, [ip_address(address) for address in addresses])
    except OutboundBlocked:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("10.0.5.7:8080", HostRule(IPv4Network("10.0.5.7/32"), 8080)),
        ("10.0.5.7:80", HostRule(IPv4Network("10.0.5.7/32"), 80)),
        ("10.0.0.0/8", HostRule(IPv4Network("10.0.0.0/8"))),
        ("fd12::7", HostRule(IPv6Network("fd12::7/128"))),
        ("[fd12::7]:443", HostRule(IPv6Network("fd12::7/128"), 443)),
        ("fd12::/32", HostRule(IPv6Network("fd12::/32"))),
        ("LLM.Bank.Local.", HostRule("llm.bank.local")),
        ("llm.bank.local:8443", HostRule("llm.bank.local", 8443)),
        ("bücher.bank", HostRule("xn--bcher-kva.bank")),
    ],
)
def test_rules_are_read(text: str, rule: HostRule) -> None:
    assert HostRule.parse(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "10.0.0.5/8",
        "*.bank.local",
        "http://bank.local",
        "bank.local/x",
        "bank.local:0",
        "bank.local:70000",
        "bank.local:x",
        "user@bank.local",
        "[fe80::1%25eth0]",
        "a b",
        "a#b",
    ],
)
def test_what_is_no_rule_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidHostRule) as refusal:
        HostRule.parse(text)
    assert repr(text) in refusal.value.message


def test_public_addresses_need_no_rule() -> None:
    assert admits(guard(), "public.example", 443, "93.184.216.34", "2606:4700::1111")


def test_a_rule_opens_what_it_names_and_nothing_beside_it() -> None:
    subject = guard("10.0.5.7:8080", "llm.bank.local", "fd12::/32")
    assert admits(subject, "any.example", 8080, "10.0.5.7")
    assert admits(subject, "any.example", 8080, "::ffff:10.0.5.7")
    assert not admits(subject, "any.example", 8081, "10.0.5.7")
    assert not admits(subject, "any.example", 8080, "10.0.5.8")
    assert admits(subject, "LLM.bank.local.", 1234, "192.168.7.7")
    assert not admits(subject, "llm.bank.local.evil.example", 1234, "192.168.7.7")
    assert not admits(subject, "xllm.bank.local", 1234, "192.168.7.7")
    assert admits(subject, "any.example", 443, "fd12::9")
    assert not admits(subject, "any.example", 443, "fd13::9")


def test_one_bad_address_among_good_ones_refuses_the_host() -> None:
    assert not admits(guard(), "mixed.example", 443, "93.184.216.34", "10.0.0.1")


@pytest.mark.parametrize("loopback", [False, True])
@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "100.100.100.200",
        "::ffff:a9fe:a9fe",
        "fe80::1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "64:ff9b:1::1",
        "::10.0.0.1",
    ],
)
def test_no_rule_opens_metadata_and_its_like(address: str, loopback: bool) -> None:
    everything = guard("0.0.0.0/0", "::/0", address if "fe80" not in address else "fe80::/10")
    by_name = guard("metadata.example")
    for subject in (everything, by_name, guard("0.0.0.0/0", "::/0", loopback=loopback)):
        assert not admits(subject, "metadata.example", 80, address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_loopback_takes_both_the_flag_and_a_rule(address: str) -> None:
    rules = ("0.0.0.0/0", "::/0", "local.example")
    assert not admits(guard(*rules), "local.example", 8080, address)
    assert not admits(guard(loopback=True), "local.example", 8080, address)
    assert admits(guard(*rules, loopback=True), "local.example", 8080, address)


def test_a_refusal_names_the_host_and_not_its_address() -> None:
    with pytest.raises(OutboundBlocked) as refusal:
        guard()("intranet.example", 443, [ip_address("10.20.30.40")])
    assert refusal.value.status == 400
    assert "intranet.example" in refusal.value.message
    assert "10.20.30.40" not in refusal.value.message + repr(refusal.value.details)


def test_the_operator_can_read_the_address_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    assert not admits(guard(), "intranet.example", 443, "10.20.30.40")
    assert [vars(record)["address"] for record in caplog.records] == ["10.20.30.40"]
