"""What is refused at the start, before a provider that is half set up does harm."""

import pytest

from app.core.setting_fields import SettingInvalid
from app.core.settings import load
from app.tenancy.google import frontends_of
from app.tenancy.providers import refuse_half_set_up

GOOGLE = {"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "secret"}
FIREBASE = {
    "PARLEY_OIDC_ISSUER": "https://securetoken.google.com/project",
    "PARLEY_OIDC_AUDIENCE": "project",
}


def test_all_or_nothing_is_accepted() -> None:
    for environ in ({}, GOOGLE, FIREBASE, GOOGLE | FIREBASE):
        refuse_half_set_up(load(environ).auth)


@pytest.mark.parametrize("missing", [*GOOGLE, *FIREBASE])
def test_a_half_is_refused_and_named(missing: str) -> None:
    environ = {k: v for k, v in (GOOGLE | FIREBASE).items() if k != missing}
    with pytest.raises(SettingInvalid, match=missing):
        refuse_half_set_up(load(environ).auth)


@pytest.mark.parametrize("variable", ["PARLEY_GOOGLE_ISSUER", "PARLEY_OIDC_ISSUER"])
def test_an_issuer_that_could_be_overheard_is_refused(variable: str) -> None:
    with pytest.raises(SettingInvalid, match=variable):
        refuse_half_set_up(load(GOOGLE | FIREBASE | {variable: "http://sso.bank.example"}).auth)


def test_the_first_front_end_is_where_people_are_sent_by_default() -> None:
    assert frontends_of("https://a.example/, https://b.example") == (
        "https://a.example",
        "https://b.example",
    )
