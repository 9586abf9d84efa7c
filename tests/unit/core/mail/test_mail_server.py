"""What the settings of the mail server may be: nothing secret leaves unprotected."""

import pytest

from app.core import settings
from app.core.mail.smtp import MailServer
from app.core.setting_fields import SettingInvalid

FROM = {"PARLEY_SMTP_FROM": "parley@bank.example"}
LOGIN = {"PARLEY_SMTP_USER": "parley", "PARLEY_SMTP_PASSWORD": "open sesame"}


def server(**environ: str) -> MailServer:
    return MailServer(settings.load(FROM | environ).email)


@pytest.mark.parametrize(
    ("environ", "setting"),
    [
        ({"PARLEY_SMTP_HOST": "mail.bank.example", "PARLEY_SMTP_TLS": "none"}, "PARLEY_SMTP_TLS"),
        ({"PARLEY_SMTP_HOST": "10.0.0.7", "PARLEY_SMTP_TLS": "none"}, "PARLEY_SMTP_TLS"),
        ({"PARLEY_SMTP_HOST": "127.0.0.1", "PARLEY_SMTP_TLS": "none"} | LOGIN, "PARLEY_SMTP_TLS"),
        ({"PARLEY_SMTP_HOST": "mail.bank.example", "PARLEY_SMTP_USER": "x"}, "PARLEY_SMTP_USER"),
        ({"PARLEY_SMTP_HOST": "mail.bank.example", "PARLEY_SMTP_FROM": ""}, "PARLEY_SMTP_FROM"),
        ({"PARLEY_SMTP_HOST": "mail.bank.example", "PARLEY_SMTP_FROM": "x"}, "PARLEY_SMTP_FROM"),
        (
            {
                "PARLEY_SMTP_HOST": "mail.bank.example",
                "PARLEY_SMTP_FROM_NAME": "=?utf-8?q?=0D?=",
            },
            "PARLEY_SMTP_FROM",
        ),
        ({"PARLEY_SMTP_TLS": "maybe"}, "PARLEY_SMTP_TLS"),
        ({"PARLEY_SMTP_PORT": "smtp"}, "PARLEY_SMTP_PORT"),
    ],
)
def test_what_is_unsafe_or_wrong_is_refused_by_name(environ: dict[str, str], setting: str) -> None:
    with pytest.raises(SettingInvalid) as refusal:
        server(**environ)
    assert refusal.value.details == {"setting": setting}
    assert setting in refusal.value.message
    assert "sesame" not in refusal.value.message


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_relay_on_this_machine_needs_no_tls(host: str) -> None:
    server(PARLEY_SMTP_HOST=host, PARLEY_SMTP_TLS="none")


def test_letters_come_from_the_address_of_the_settings() -> None:
    sender = server(PARLEY_SMTP_HOST="mail.bank.example", **LOGIN).sender
    assert (sender.name, sender.address) == ("Parley", "parley@bank.example")
