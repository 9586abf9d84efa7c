"""The settings of calls from browsers."""

from dataclasses import dataclass

from app.core.setting_fields import Positive, Secret, setting


@dataclass(frozen=True, slots=True)
class WebRtc:
    stun_url: str = setting(
        "PARLEY_STUN_URL",
        "",
        "STUN server that says under which address this machine is reached, as stun:host:port; "
        "empty: none is asked",
    )
    turn_url: str = setting(
        "PARLEY_TURN_URL",
        "",
        "TURN server that relays where nothing else gets through, as turn:host:port or turns:",
    )
    turn_user: str = setting("PARLEY_TURN_USER", "", "Its user")
    turn_password: Secret = setting("PARLEY_TURN_PASSWORD", Secret(""), "That user's password")
    turn_secret: Secret = setting(
        "PARLEY_TURN_SECRET",
        Secret(""),
        "Secret that the TURN server shares (static-auth-secret), in the place of a user and a "
        "password: every call has its own, which hold for a day",
    )
    most_calls: Positive = setting(
        "PARLEY_MAX_BROWSER_CALLS", 100, "Browsers that are connected at once; more get 503"
    )
