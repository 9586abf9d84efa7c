"""The wall clock: the only place that asks what time it is. Durations use `time.monotonic`."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251
