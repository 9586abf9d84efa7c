"""How long, how much and how far one outbound request may go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutboundLimits:
    """`total_s` runs from the first byte sent to the last byte read, over all redirects;
    `max_response_bytes` holds for the answer as sent and as decompressed.
    """

    connect_s: float = 5.0
    read_s: float = 30.0
    total_s: float = 60.0
    max_response_bytes: int = 10 * 1024 * 1024
    max_redirects: int = 3
