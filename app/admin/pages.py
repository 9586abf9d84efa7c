"""The pages: read once, served from memory, to whoever asks. Nothing of anybody is in them.

Assets have the hash of them all in their path, so that a browser keeps them for ever and never
mixes two versions; the page itself is asked for anew and is mostly not sent.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from app.core.errors import NotFound

_STATIC = Path(__file__).parent / "static"
_PAGE = "index.html"
_PLACE_OF_ASSETS = b"/ui/VERSION/"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_PAGE_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; media-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "permissions-policy": "microphone=(self), speaker-selection=(self), camera=(), geolocation=()",
}
_ASSET_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}
_READ = [HttpMethod.GET, HttpMethod.HEAD]

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Pages:
    page: bytes
    assets: Mapping[str, bytes]
    version: str
    """Of the page and the assets together."""


def read() -> Pages:
    assets = {path.name: path.read_bytes() for path in sorted(_STATIC.iterdir())}
    version = hashlib.sha256(b"".join(assets.values())).hexdigest()[:16]
    place = _PLACE_OF_ASSETS.replace(b"VERSION", version.encode())
    page = assets.pop(_PAGE).replace(_PLACE_OF_ASSETS, place)
    return Pages(page, assets, version)


def routes(opt: Mapping[str, Any]) -> list[ControllerRouterHandler]:
    """`opt`: says that anybody may call them."""
    pages = read()

    @route("/", http_method=_READ, include_in_schema=False, opt=opt)
    async def page(request: AnyRequest) -> Response[bytes]:
        return _answer(request, _PAGE, pages.page, _PAGE_HEADERS)

    @route("/ui/{version:str}/{asset:str}", http_method=_READ, include_in_schema=False, opt=opt)
    async def asset(
        request: AnyRequest, version: FromPath[str], asset: FromPath[str]
    ) -> Response[bytes]:
        if version != pages.version or asset not in pages.assets:
            raise NotFound("no such page")
        return _answer(request, asset, pages.assets[asset], _ASSET_HEADERS)

    return [page, asset]


def _answer(
    request: AnyRequest, name: str, body: bytes, headers: Mapping[str, str]
) -> Response[bytes]:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    held = request.headers.get("if-none-match", "")
    known = {each.strip().removeprefix("W/") for each in held.split(",")}
    is_known = tag in known or "*" in known
    return Response(
        b"" if is_known else body,
        status_code=304 if is_known else 200,
        media_type=_TYPES[Path(name).suffix],
        headers={**headers, "etag": tag},
    )
