"""What can go wrong on the way out. A message names the host and the reason, and never an address
behind the host, a header, a query or a body.
"""

from app.core.errors import InvalidInput, UpstreamFailed, UpstreamTimeout


class OutboundBlocked(InvalidInput):
    """The request was not sent: its destination or its form is not permitted."""

    code = "outbound_blocked"

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host}: {reason}" if host else reason, host=host, reason=reason)


class InvalidHostRule(InvalidInput):
    code = "invalid_host_rule"


class OutboundFailed(UpstreamFailed):
    """The request was sent, or nearly so, and no usable answer came."""

    code = "outbound_failed"

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host}: {reason}", host=host, reason=reason)


class ResponseTooLarge(OutboundFailed):
    code = "response_too_large"

    def __init__(self, host: str, max_response_bytes: int) -> None:
        super().__init__(host, f"its answer is longer than {max_response_bytes} bytes")


class OutboundTimedOut(UpstreamTimeout):
    code = "outbound_timed_out"

    def __init__(self, host: str) -> None:
        super().__init__(f"{host}: no complete answer came in time", host=host)
