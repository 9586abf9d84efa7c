"""What HIPAA_MODE refuses, all of it at once, and what it lets pass."""

import pytest

from app.core.hipaa import hipaa_shortcomings
from app.core.settings import load

PROTECTED = {
    "HIPAA_MODE": "true",
    "PARLEY_SIGNUP": "invited",
    "PARLEY_ENCRYPTED_AT_REST": "true",
}


def missing(environ: dict[str, str], *, encrypted: bool = False) -> list[str]:
    return hipaa_shortcomings(load(PROTECTED | environ), data_is_encrypted=encrypted)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"DATABASE_URL": "postgresql://p@db.bank.example/parley?sslmode=verify-full"},
        {"DATABASE_URL": "postgresql:///parley?host=/run/postgresql"},
        {"REDIS_URL": "rediss://:secret@redis.bank.example:6380/0"},
        {"REDIS_URL": "redis://127.0.0.1:6379/0"},
        {"REDIS_URL": "redis://[::1]:6379/0"},
        {"REDIS_URL": "unix:///run/redis/redis.sock"},
        {"PARLEY_SMTP_HOST": "mail.bank.example", "PARLEY_SMTP_FROM": "p@bank.example"},
        {"PARLEY_SMTP_HOST": "localhost", "PARLEY_SMTP_TLS": "none"},
        {"PARLEY_OTLP_ENDPOINT": "https://traces.bank.example"},
        {"PARLEY_OTLP_ENDPOINT": "http://localhost:4318"},
        {"PARLEY_HOST": "0.0.0.0", "PARLEY_TRUSTED_PROXIES": "10.0.0.0/8"},  # noqa: S104
        {"PARLEY_HOST": "localhost"},
        {"PARLEY_SIGNUP": "closed"},
        {"PARLEY_LOG_LEVEL": "WARNING"},
    ],
)
def test_what_is_protected_starts(environ: dict[str, str]) -> None:
    assert missing(environ) == []


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"PARLEY_ENCRYPTED_AT_REST": "false"}, "PARLEY_DATA_DIR"),
        (
            {
                "PARLEY_ENCRYPTED_AT_REST": "false",
                "DATABASE_URL": "postgresql:///parley?host=/run/postgresql",
            },
            "PARLEY_ENCRYPTED_AT_REST=true",
        ),
        ({"DATABASE_URL": "postgresql://p@db.bank.example/parley"}, "sslmode=verify-full"),
        (
            {"DATABASE_URL": "postgresql://p@db.bank.example/parley?sslmode=require"},
            "sslmode=verify-full",
        ),
        ({"DATABASE_URL": "postgresql://p@127.0.0.1/parley"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql:///parley"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://p@/x?host=/run/postgresql,db.example"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql:///x?host=/run&hostaddr=10.0.0.1"}, "DATABASE_URL"),
        ({"DATABASE_URL": "not a url"}, "DATABASE_URL"),
        ({"REDIS_URL": "redis://redis.bank.example"}, "REDIS_URL"),
        ({"REDIS_URL": "rediss://redis.bank.example?ssl_cert_reqs=none"}, "REDIS_URL"),
        ({"REDIS_URL": "rediss://redis.bank.example?ssl_check_hostname=false"}, "REDIS_URL"),
        ({"REDIS_URL": "http://redis.bank.example"}, "REDIS_URL"),
        ({"PARLEY_SMTP_HOST": "mail.bank.example", "PARLEY_SMTP_TLS": "none"}, "PARLEY_SMTP_TLS"),
        ({"PARLEY_OTLP_ENDPOINT": "http://traces.bank.example"}, "PARLEY_OTLP_ENDPOINT"),
        ({"PARLEY_OTLP_ENDPOINT": "http://localhost.evil.example"}, "PARLEY_OTLP_ENDPOINT"),
        ({"PARLEY_OTLP_ENDPOINT": "http://[not"}, "PARLEY_OTLP_ENDPOINT"),
        ({"PARLEY_AUTH_REMOTE_URL": "http://auth.bank.example"}, "PARLEY_AUTH_REMOTE_URL"),
        ({"TTS_BASE_URL": "http://10.0.0.7:8000"}, "TTS_BASE_URL"),
        ({"PARLEY_HOST": "0.0.0.0"}, "PARLEY_HOST"),  # noqa: S104
        ({"PARLEY_DEV_PORTS": "true"}, "PARLEY_DEV_PORTS"),
        ({"PARLEY_COOKIES_WITHOUT_TLS": "true"}, "PARLEY_COOKIES_WITHOUT_TLS"),
        ({"PARLEY_SIGNUP": "open"}, "PARLEY_SIGNUP"),
        ({"PARLEY_LOG_LEVEL": "DEBUG"}, "PARLEY_LOG_LEVEL"),
    ],
)
def test_what_is_not_is_named(environ: dict[str, str], named: str) -> None:
    (sentence,) = missing(environ)
    assert named in sentence


def test_everything_that_is_missing_is_named_at_once() -> None:
    environ = {
        "PARLEY_ENCRYPTED_AT_REST": "false",
        "REDIS_URL": "redis://redis.bank.example",
        "PARLEY_DEV_PORTS": "true",
        "PARLEY_SIGNUP": "open",
    }
    assert len(missing(environ)) == 4
    assert len(missing(environ, encrypted=True)) == 3


def test_no_sentence_tells_a_secret() -> None:
    environ = {
        "DATABASE_URL": "postgresql://p:hunter2@db.bank.example/parley",
        "REDIS_URL": "redis://:hunter2@redis.bank.example",
        "PARLEY_OTLP_ENDPOINT": "http://p:hunter2@traces.bank.example",
    }
    assert "hunter2" not in " ".join(missing(environ))
