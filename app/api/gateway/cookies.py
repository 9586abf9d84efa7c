"""The cookies of a session: out of reach for scripts, for other sites and for unprotected lines."""

from litestar.datastructures import Cookie

from app.api.callers import ACCESS_COOKIE, REFRESH_COOKIE
from app.core.clock import utc_now
from app.core.settings import Settings
from app.tenancy.domain.sessions import SessionTokens

REFRESH_PATH = "/bot/api/auth"
"""Only what renews or ends a session gets to see what could renew it."""


def session_cookies(settings: Settings, tokens: SessionTokens) -> list[Cookie]:
    now = utc_now()
    access_s = round((tokens.access_expires_at - now).total_seconds())
    refresh_s = round((tokens.refresh_expires_at - now).total_seconds())
    return [
        _cookie(settings, ACCESS_COOKIE, tokens.access, "/", max(1, access_s)),
        _cookie(settings, REFRESH_COOKIE, tokens.refresh, REFRESH_PATH, max(1, refresh_s)),
    ]


def cleared_cookies(settings: Settings) -> list[Cookie]:
    return [
        _cookie(settings, ACCESS_COOKIE, "", "/", 0),
        _cookie(settings, REFRESH_COOKIE, "", REFRESH_PATH, 0),
    ]


def _cookie(settings: Settings, name: str, value: str, path: str, max_age_s: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path=path,
        max_age=max_age_s,
        secure=not settings.accounts.cookies_without_tls,
        httponly=True,
        samesite="lax",
    )
