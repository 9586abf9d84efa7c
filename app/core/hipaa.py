"""What HIPAA_MODE asks of an installation: all that is missing is named at once. Pure."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio.connection import parse_url

from app.core.settings import Settings


def hipaa_shortcomings(settings: Settings, *, data_is_encrypted: bool) -> list[str]:
    """Sentences for the operator; none where everything is as it must be.

    `data_is_encrypted` is what the machine can tell of the disk under the data directory.
    """
    return [
        *_at_rest(settings, data_is_encrypted),
        *_in_transit(settings),
        *_who_comes_in(settings),
        *_logs(settings),
    ]


def _at_rest(settings: Settings, data_is_encrypted: bool) -> Iterator[str]:
    if settings.auth.encrypted_at_rest:
        return
    vouch = "PARLEY_ENCRYPTED_AT_REST=true"
    if settings.storage.database_url:
        yield (
            "encryption at rest: how the server of DATABASE_URL keeps its data cannot be seen from "
            f"here; say {vouch} if its disks and those of PARLEY_DATA_DIR are encrypted"
        )
    elif not data_is_encrypted:
        yield (
            "encryption at rest: nothing shows that the disk under PARLEY_DATA_DIR is encrypted "
            f"(LUKS, fscrypt, gocryptfs); put it on one that is, or say {vouch} if it is in a way "
            "that cannot be seen from here"
        )


def _in_transit(settings: Settings) -> Iterator[str]:
    server, storage = settings.server, settings.storage
    if storage.database_url and not _database_is_safe(storage.database_url):
        yield (
            "DATABASE_URL must say sslmode=verify-full, or host=/... for a socket of this machine"
        )
    if storage.redis_url and not _redis_is_safe(storage.redis_url):
        yield (
            "REDIS_URL must begin with rediss:// and check the certificate, or stay on this machine"
        )
    if (
        settings.email.smtp_host
        and settings.email.smtp_tls == "none"
        and not _is_here(settings.email.smtp_host)
    ):
        yield "PARLEY_SMTP_TLS must be starttls or implicit"
    for variable, url in (
        ("PARLEY_OTLP_ENDPOINT", settings.observability.otlp_endpoint),
        ("PARLEY_AUTH_REMOTE_URL", settings.auth.remote_url),
        ("VIDEO_CONTEXT_URL", settings.video.context_url),
        ("ASR_BASE_URL", settings.asr.base_url),
        ("TTS_BASE_URL", settings.tts.base_url),
    ):
        if url and not _url_is_safe(url):
            yield f"{variable} must be https, or stay on this machine"
    if not _is_here(server.host) and not server.trusted_proxies:
        yield (
            "PARLEY_HOST is open to the network and Parley speaks plain HTTP: name the proxy that "
            "speaks TLS in PARLEY_TRUSTED_PROXIES, or listen on 127.0.0.1"
        )


def _who_comes_in(settings: Settings) -> Iterator[str]:
    if settings.server.dev_ports:
        yield "PARLEY_DEV_PORTS must be off: those ports ask for no token"
    if settings.accounts.cookies_without_tls:
        yield "PARLEY_COOKIES_WITHOUT_TLS must be off"
    if settings.accounts.sign_up == "open":
        yield (
            "PARLEY_SIGNUP must be invited or closed: open lets in guests, of whom nobody knows "
            "who they are"
        )


def _logs(settings: Settings) -> Iterator[str]:
    if settings.observability.log_level == "DEBUG":
        yield "PARLEY_LOG_LEVEL must be INFO or above: DEBUG writes what libraries find"


def _database_is_safe(url: str) -> bool:
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        return False
    hosts = [host for host in str(parts.get("host") or "").split(",") if host]
    is_local = bool(hosts) and all(host.startswith("/") for host in hosts)
    return (is_local and "hostaddr" not in parts) or parts.get("sslmode") == "verify-full"


def _redis_is_safe(url: str) -> bool:
    try:
        parts: dict[str, Any] = dict(parse_url(url))
    except ValueError:
        return False
    if "path" in parts or _is_here(str(parts.get("host", "localhost"))):
        return True
    checks = parts.get("ssl_cert_reqs", "required") in ("required", "CERT_REQUIRED")
    return url.startswith("rediss://") and checks and parts.get("ssl_check_hostname", True) is True


def _url_is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "wss") or _is_here(parts.hostname or "")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
