"""What a live stream is heard with, where that is not what all are heard with."""

from dataclasses import dataclass, field
from typing import Protocol

from app.asr.activity import Backend
from app.asr.endpointing import EndpointRules
from app.asr.live import StreamOptions
from app.asr.transcriber import Asked, Hearing


class HearingElsewhere(Hearing, Protocol):
    def asked(self, options: StreamOptions) -> Asked: ...


@dataclass(frozen=True, slots=True)
class Ears:
    """`elsewhere`: who recognizes speech; none: our own models."""

    activity: Backend = "silero"
    rules: EndpointRules = field(default_factory=EndpointRules)
    elsewhere: HearingElsewhere | None = None


USUAL_EARS = Ears()
