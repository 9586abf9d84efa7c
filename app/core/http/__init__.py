"""Requests to the outside world: every URL that a user may set is requested through here."""

from app.core.http.client import OutboundClient, OutboundResponse, OutboundStream
from app.core.http.errors import (
    InvalidHostRule,
    OutboundBlocked,
    OutboundFailed,
    OutboundTimedOut,
    ResponseTooLarge,
)
from app.core.http.limits import OutboundLimits
from app.core.http.network import Network, Resolver
from app.core.http.rules import HostRule

__all__ = [
    "HostRule",
    "InvalidHostRule",
    "Network",
    "OutboundBlocked",
    "OutboundClient",
    "OutboundFailed",
    "OutboundLimits",
    "OutboundResponse",
    "OutboundStream",
    "OutboundTimedOut",
    "Resolver",
    "ResponseTooLarge",
]
