"""One client of `/asr/stream`: its commands, and what it is told."""

from typing import Any

from app.api.gateway.stream_messages import (
    BUSY,
    UNKNOWN,
    Command,
    error_message,
    not_applied_message,
    option_values,
    parse,
    transcript_message,
    unknown_names,
)
from app.api.live_session import LiveSession, Overloaded
from app.api.metering import Meter
from app.api.sockets import (
    FAILED,
    FRAME_TOO_LARGE,
    NOT_ALLOWED,
    TRY_LATER,
    AnySocket,
    FrameTooLarge,
    Message,
)
from app.asr.live import Said, StreamEvent, StreamOptions, changed_options
from app.asr.live_options import find_not_applied_live
from app.asr.streaming import LiveStream, StreamService, StreamsFull
from app.core.errors import AppError, InvalidInput
from app.core.not_applied import NotApplied

_SHOWN = 80


class StreamSession(LiveSession[Command]):
    busy = BUSY

    def __init__(self, socket: AnySocket, streams: StreamService, meter: Meter) -> None:
        super().__init__(socket, streams, meter)
        self._options = StreamOptions()
        self._told_not_applied: set[str] = set()

    def read_text(self, text: str) -> Command:
        return parse(text)

    def is_last(self, frame: bytes | Command) -> bool:
        return isinstance(frame, Command) and frame.kind == "end"

    async def obey(self, stream: LiveStream, command: Command) -> None:
        """What is wrong with a message is said, and everything stays as it was."""
        try:
            match command.kind:
                case "config":
                    await self._configure(stream, command.fields)
                case "channel":
                    name = command.fields.get("name")
                    if not name:
                        raise InvalidInput("name: a channel has a name")
                    await self._configure(stream, {"channel": name})
                case "keepalive":
                    pass
                case other:
                    raise InvalidInput(f"type: there is no message {other[:_SHOWN]!r}")
        except AppError as error:
            if error.status >= 500:
                raise
            await self.tell(error_message(error))

    async def tell_event(self, event: StreamEvent) -> None:
        if not isinstance(event, Said):
            return
        message = transcript_message(event, self._options)
        if event.is_final:
            await self.tell(message)
        else:
            self.tell_if_room(message)

    def farewell(self, stream: LiveStream) -> Message:
        return {"type": "end"}

    def failure(self, error: AppError) -> Message:
        return error_message(error)

    def close_code(self, error: AppError) -> int:
        if isinstance(error, (StreamsFull, Overloaded)):
            return TRY_LATER
        if isinstance(error, FrameTooLarge):
            return FRAME_TOO_LARGE
        return FAILED if error.status >= 500 else NOT_ALLOWED

    async def _configure(self, stream: LiveStream, fields: dict[str, Any]) -> None:
        """What was asked for and changes nothing is told once."""
        await stream.configure(changed_options(stream.options, option_values(fields)))
        self._options = stream.options
        asked = self._streams.asked(stream.options)
        unknown = unknown_names(fields, StreamOptions.__struct_fields__)
        found = [
            *find_not_applied_live(stream.options, asked.choice),
            *(NotApplied(name, UNKNOWN) for name in unknown),
        ]
        new = [each for each in found if each.option not in self._told_not_applied]
        if new:
            self._told_not_applied.update(each.option for each in new)
            await self.tell(not_applied_message(new))
