"""Uploads: read as they come and kept in files that spill to disk, never whole in memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.exceptions import InternalServerException
from multipart import (  # pyright: ignore[reportMissingTypeStubs]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from app.core.errors import InvalidInput, TooLarge, UnsupportedMedia
from app.core.spill import room_for_files
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]

MIB = 1024 * 1024
MOST_PARTS = 256
MOST_FIELD_BYTES = 64 * 1024
_SHOWN = 80
CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "windows-1252")
"""What clients write text in. Python knows stranger ones: some fail in ways of their own, some take
seconds, some make text that nothing else can write down."""


class UploadTooLarge(TooLarge):
    pass


class UploadBroken(InvalidInput):
    """The body is not what its headers say, or it broke off."""


class FormExpected(UnsupportedMedia):
    pass


@dataclass(frozen=True, slots=True)
class Form:
    """Every field and file of a form, in the order they came."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    files: Mapping[str, Sequence[UploadFile]] = field(
        default_factory=dict[str, Sequence[UploadFile]]
    )

    def file(self, name: str) -> UploadFile:
        found = self.files.get(name, ())
        if len(found) == 1:
            return found[0]
        if found or name not in self.fields:
            wanted = "only one may be given" if found else "it is missing"
            raise InvalidInput(f"{name}: {wanted}", field=name)
        raise InvalidInput(f"{name}: it must be a file, with a file name", field=name)


@asynccontextmanager
async def opened_form(request: AnyRequest, *, max_bytes: int) -> AsyncGenerator[Form]:
    """A multipart form. Its files are gone after the block."""
    kind, options = request.content_type
    if kind != "multipart/form-data":
        raise FormExpected("The body must be multipart/form-data")
    async with AsyncExitStack() as opened:
        opened.enter_context(room_for_files())
        reader = _FormReader(opened)
        try:
            with PushMultipartParser(
                options.get("boundary", ""), max_segment_count=MOST_PARTS
            ) as parser:
                async for chunk in _received(request, max_bytes):
                    if parser.closed:
                        break
                    for part in parser.parse(chunk):
                        await reader.take(part)
        except ParserLimitReached:
            raise UploadTooLarge(
                f"body: it has more than {MOST_PARTS} parts, or too long a name"
            ) from None
        except MultipartError:
            raise UploadBroken("body: it is not a whole multipart/form-data body") from None
        yield Form(reader.fields, reader.files)


@asynccontextmanager
async def opened_body(request: AnyRequest, *, max_bytes: int) -> AsyncGenerator[UploadFile]:
    """The whole body as one file, which is gone after the block."""
    upload = UploadFile(content_type="", filename="")
    try:
        with room_for_files():
            async for chunk in _received(request, max_bytes):
                await upload.write(chunk)
            await upload.seek(0)
            yield upload
    finally:
        await upload.close()


def most_upload_bytes(runtime: Runtime) -> int:
    return runtime.settings.server.max_upload_mb * MIB


def stream_of(upload: UploadFile) -> BinaryIO:
    return cast("BinaryIO", upload.file)


class _FormReader:
    def __init__(self, opened: AsyncExitStack) -> None:
        self.fields: dict[str, list[str]] = {}
        self.files: dict[str, list[UploadFile]] = {}
        self._opened = opened
        self._segment: MultipartSegment | None = None
        self._file: UploadFile | None = None
        self._text = bytearray()

    async def take(self, part: MultipartSegment | bytes | bytearray | None) -> None:
        """What the parser says: a part begins, this is more of it, it ends."""
        if isinstance(part, MultipartSegment):
            self._segment, self._file, self._text = part, None, bytearray()
            if part.filename:
                self._file = UploadFile(part.content_type or "", part.filename)
                self._opened.push_async_callback(self._file.close)
        elif part:
            await self._more(part)
        elif self._segment:
            await self._end(self._segment)

    async def _more(self, data: bytes | bytearray) -> None:
        if self._file:
            await self._file.write(data)
            return
        self._text += data
        if len(self._text) > MOST_FIELD_BYTES:
            name = ((self._segment and self._segment.name) or "body")[:_SHOWN]
            raise UploadTooLarge(
                f"{name}: it is longer than {MOST_FIELD_BYTES} bytes, and no file with a name",
                field=name,
            )

    async def _end(self, segment: MultipartSegment) -> None:
        name = segment.name or ""
        if self._file:
            await self._file.seek(0)
            self.files.setdefault(name, []).append(self._file)
        else:
            self.fields.setdefault(name, []).append(_text(segment, self._text))
        self._segment = self._file = None


def _text(segment: MultipartSegment, data: bytearray) -> str:
    name = (segment.name or "body")[:_SHOWN]
    charset = (segment.charset or CHARSETS[0]).lower()
    if charset not in CHARSETS:
        known = ", ".join(CHARSETS)
        raise UploadBroken(f"{name}: its charset is none of {known}", field=name)
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        raise UploadBroken(
            f"{name}: it is neither text in {charset} nor a file with a name", field=name
        ) from None


async def _received(request: AnyRequest, max_bytes: int) -> AsyncIterator[bytes]:
    """The body, refused before anything is read where its header says that it is too large."""
    if (request.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    count = 0
    try:
        async for chunk in request.stream():
            count += len(chunk)
            if count > max_bytes:
                raise _too_large(max_bytes)
            if chunk:
                yield chunk
    except InternalServerException:
        raise UploadBroken("body: it broke off") from None


def _too_large(max_bytes: int) -> UploadTooLarge:
    return UploadTooLarge(f"body: it is larger than {max_bytes // MIB} MiB", max_bytes=max_bytes)
