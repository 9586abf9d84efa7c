"""Requests with places for arguments. What fills a place can be nothing but a value there: no other
host, path, header or field can come of it. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, cast
from urllib.parse import quote, unquote, urlencode

import msgspec

from app.core.errors import InvalidInput
from app.core.http import OutboundBlocked
from app.core.http.exchange import Exchange
from app.llm.tools.schemas import Schema
from app.llm.tools.secrets import Secrets
from app.llm.tools.tool import ToolRefused

LONGEST_URL = 2000
LONGEST_BODY = 16 * 1024
DEEPEST = 16

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Seconds = Annotated[float, msgspec.Meta(ge=1, le=60)]
Text = Annotated[str, msgspec.Meta(max_length=2000)]
Fields = Annotated[dict[str, Text], msgspec.Meta(max_length=50)]

_URL = re.compile(r"(https?://[A-Za-z0-9.:\[\]-]+)((?:/[A-Za-z0-9\-._~!$&'()*+,;=:@%{}]*)*)")
_PLACE = re.compile(r"\{\{secret:([a-z][a-z0-9_]*)\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_IN_HEADER = re.compile(r"[ -~]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SLASHES = re.compile(r"[/\\]")
_DOTS = frozenset({".", ".."})


class TemplateInvalid(InvalidInput):
    code = "tool_request_invalid"

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}", field=field)


def _no_arguments() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "additionalProperties": False}


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`{name}` in the path, the query, headers and the body is the argument of this name,
    `{{secret:name}}` a secret. What names an argument that is not given is left out. `pick`: a JSON
    pointer to the part of the answer that the model is told."""

    url: str
    method: Method = "GET"
    headers: Fields = {}
    query: Fields = {}
    body: Any = None
    parameters: dict[str, Any] = msgspec.field(default_factory=_no_arguments)
    pick: Annotated[str, msgspec.Meta(max_length=200)] = ""
    timeout_s: Seconds = 20.0


@dataclass(frozen=True, slots=True)
class FilledRequest:
    method: Method
    url: str
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an argument goes, or a secret."""

    argument: str = ""
    secret: str = ""


_Piece: TypeAlias = str | _Place


class _LeftOut(Exception):
    """An argument is not given, or is null where a text is wanted."""


class Template:
    def __init__(self, request: HttpRequest) -> None:
        """Raises TemplateInvalid or SchemaInvalid."""
        self.request = request
        self._origin, self._path = _read_url(request.url)
        self._headers = {name: _pieces(text) for name, text in request.headers.items()}
        self._query = {name: _pieces(text) for name, text in request.query.items()}
        self.host = _checked_host(self._origin, request.method, self._headers)
        if self._body_is_too_long():
            raise TemplateInvalid("body", f"it is longer than {LONGEST_BODY} bytes, or too deep")
        self._check_places(Schema(request.parameters))
        if request.pick and not request.pick.startswith("/"):
            raise TemplateInvalid("pick", "a JSON pointer begins with /")

    @property
    def secrets(self) -> frozenset[str]:
        """The names of those it refers to."""
        return frozenset(place.secret for _, place in self._places() if place.secret)

    def fill(self, arguments: Mapping[str, Any], secrets: Secrets) -> FilledRequest:
        """Raises ToolRefused."""
        filling = _Filling(arguments, secrets, self.host)
        url = self._origin + "".join(f"/{filling.segment(segment)}" for segment in self._path)
        query = [
            (name, value)
            for name, pieces in self._query.items()
            for value in filling.in_query(pieces)
        ]
        if query:
            url += f"?{urlencode(query, quote_via=quote)}"
        headers = {
            name.lower(): value
            for name, pieces in self._headers.items()
            if (value := filling.in_header(pieces)) is not None
        }
        content = b""
        if self.request.body is not None:
            headers.setdefault("content-type", "application/json")
            content = msgspec.json.encode(filling.whole_body(self.request.body))
        return FilledRequest(self.request.method, url, headers, content)

    def _body_is_too_long(self) -> bool:
        try:
            encoded = msgspec.json.encode(self.request.body)
            return len(encoded) > LONGEST_BODY or _depth(self.request.body) > DEEPEST
        except (ValueError, RecursionError):
            return True

    def _check_places(self, schema: Schema) -> None:
        required = self.request.parameters.get("required", [])
        for field, place in self._places():
            if not place.argument:
                continue
            if place.argument not in schema.properties:
                raise TemplateInvalid(field, f"{{{place.argument}}} is not among the parameters")
            if field == "url" and place.argument not in required:
                raise TemplateInvalid(field, f"{{{place.argument}}} must be required")

    def _places(self) -> Iterator[tuple[str, _Place]]:
        """With the fields they are in."""
        everywhere = [
            *(("url", pieces) for pieces in self._path),
            *((f"query.{name}", pieces) for name, pieces in self._query.items()),
            *((f"headers.{name}", pieces) for name, pieces in self._headers.items()),
            *(("body", _pieces(text)) for text in _strings(self.request.body)),
        ]
        for field, pieces in everywhere:
            for piece in pieces:
                if isinstance(piece, _Place):
                    yield field, piece
                elif "{{" in piece or (field == "url" and ("{" in piece or "}" in piece)):
                    raise TemplateInvalid(field, "only {name} and {{secret:name}} are filled")


class _Filling:
    def __init__(self, arguments: Mapping[str, Any], secrets: Secrets, host: str) -> None:
        self._arguments = arguments
        self._secrets = secrets
        self._host = host

    def segment(self, pieces: Sequence[_Piece]) -> str:
        """Of a path: it stays one, and stays where it is."""
        try:
            filled = self._filled(pieces, self._in_path, lambda text: quote(text, safe=""))
        except _LeftOut:
            raise ToolRefused("An argument in the path of the request is missing") from None
        if unquote(filled) in _DOTS:
            raise ToolRefused("The arguments lead out of the path of the request")
        return filled

    def in_query(self, pieces: Sequence[_Piece]) -> list[str]:
        argument = _only_argument(pieces)
        value = self._arguments.get(argument) if argument else None
        if isinstance(value, list):
            return [self._text(argument, each) for each in cast("list[Any]", value)]
        try:
            return [self._filled(pieces, self._text)]
        except _LeftOut:
            return []

    def in_header(self, pieces: Sequence[_Piece]) -> str | None:
        try:
            return self._filled(pieces, self._header_text).strip()
        except _LeftOut:
            return None

    def whole_body(self, value: Any) -> Any:
        try:
            return self.in_body(value)
        except _LeftOut:
            return None

    def in_body(self, value: Any) -> Any:
        """A string that is one place becomes the argument itself, of whatever type."""
        match value:
            case str():
                pieces = _pieces(value)
                argument = _only_argument(pieces)
                return self._given(argument) if argument else self._filled(pieces, self._text)
            case dict():
                return dict(self._kept(cast("dict[str, Any]", value).items()))
            case list():
                items = cast("list[Any]", value)
                return [each for _, each in self._kept(("", item) for item in items)]
            case _:
                return value

    def _kept(self, items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        for key, value in items:
            try:
                yield key, self.in_body(value)
            except _LeftOut:
                continue

    def _filled(
        self,
        pieces: Sequence[_Piece],
        of_argument: Callable[[str, Any], str],
        of_secret: Callable[[str], str] = str,
    ) -> str:
        return "".join(
            piece
            if isinstance(piece, str)
            else of_argument(piece.argument, self._given(piece.argument))
            if piece.argument
            else of_secret(self._secrets.value(piece.secret, self._host))
            for piece in pieces
        )

    def _given(self, argument: str) -> Any:
        if argument not in self._arguments:
            raise _LeftOut
        return self._arguments[argument]

    def _text(self, argument: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        if value is None:
            raise _LeftOut
        if isinstance(value, dict | list):
            raise ToolRefused(f"{argument}: it must be a text, a number, true or false here")
        return msgspec.json.encode(value).decode()

    def _in_path(self, argument: str, value: Any) -> str:
        text = self._text(argument, value)
        parts = _SLASHES.split(text)
        if not text or _CONTROL.search(text) or _DOTS.intersection(parts):
            raise ToolRefused(f"{argument}: {text[:100]!r} cannot be part of a path")
        return quote(text, safe="")

    def _header_text(self, argument: str, value: Any) -> str:
        text = self._text(argument, value)
        if not _IN_HEADER.fullmatch(text):
            raise ToolRefused(f"{argument}: a header takes printable ASCII characters only")
        return text


def _read_url(url: str) -> tuple[str, list[list[_Piece]]]:
    """Its origin, which no argument can be part of, and the segments of its path."""
    found = _URL.fullmatch(url)
    if not found or len(url) > LONGEST_URL:
        raise TemplateInvalid(
            "url",
            "it must be http or https, a host that is written out, and a path; what follows a ? "
            "goes into `query`",
        )
    segments = found[2].split("/")[1:]
    if any(unquote(segment) in _DOTS for segment in segments):
        raise TemplateInvalid("url", "its path must not lead elsewhere by dots")
    return found[1], [_pieces(segment) for segment in segments]


def _checked_host(origin: str, method: str, headers: Mapping[str, Sequence[_Piece]]) -> str:
    """Whatever the way out would refuse of any such request is said now."""
    written = {
        name: "".join("x" if isinstance(piece, _Place) else piece for piece in pieces)
        for name, pieces in headers.items()
    }
    try:
        host = Exchange.begin(method, origin, {}, b"").origin.host
    except OutboundBlocked as error:
        raise TemplateInvalid("url", error.details["reason"]) from None
    for name, value in written.items():
        try:
            Exchange.begin(method, origin, {name: value}, b"")
        except OutboundBlocked as error:
            raise TemplateInvalid(f"headers.{name[:100]}", error.details["reason"]) from None
    return host


def _pieces(text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    at = 0
    for found in _PLACE.finditer(text):
        if found.start() > at:
            pieces.append(text[at : found.start()])
        pieces.append(_Place(argument=found[2] or "", secret=found[1] or ""))
        at = found.end()
    return [*pieces, text[at:]] if at < len(text) else pieces


def _only_argument(pieces: Sequence[_Piece]) -> str:
    """Of a text that is one place; empty where it is not."""
    match pieces:
        case [_Place(argument=argument)]:
            return argument
        case _:
            return ""


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in cast("dict[str, Any]", value).values():
                yield from _strings(each)
        case list():
            for each in cast("list[Any]", value):
                yield from _strings(each)
        case _:
            return


def _depth(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(_depth, cast("dict[str, Any]", value).values()), default=0)
        case list():
            return 1 + max(map(_depth, cast("list[Any]", value)), default=0)
        case _:
            return 0
