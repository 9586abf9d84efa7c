"""One OpenAPI document a family, made from its routes when first asked for, and a page that
shows them without the internet."""

from functools import cache
from pathlib import Path
from typing import Any

import anyio
import msgspec
from litestar import Litestar, Response, get
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.openapi import OpenAPIConfig
from litestar.params import FromPath
from litestar.response import File
from litestar.types import ControllerRouterHandler

from app.api.access import OPEN
from app.api.documented import complete
from app.api.family import Family
from app.core.errors import NotFound

_STATIC = Path(__file__).parent / "docs"
_PAGE_POLICY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
}


# Names what handlers are given, so that it is not taken for a query parameter.
_NOT_CALLED = Provide(lambda: None, sync_to_thread=False)


def document(family: Family, version: str) -> bytes:
    config = OpenAPIConfig(
        title=family.title,
        version=version,
        description=family.description,
    )
    app = Litestar(
        route_handlers=family.routes,
        openapi_config=config,
        dependencies={"runtime": _NOT_CALLED},
        logging_config=None,
    )
    schema = app.openapi_schema.to_schema()
    complete(schema, app, family.error_body)
    return msgspec.json.encode(schema)


def documentation_routes(
    families: tuple[Family, ...], version: str
) -> list[ControllerRouterHandler]:
    by_name = {family.name: family for family in families}

    @cache
    def rendered(name: str) -> bytes:
        return document(by_name[name], version)

    @get("/openapi/{file:str}", include_in_schema=False, opt=OPEN)
    async def openapi(file: FromPath[str]) -> Response[bytes]:
        name = file.removesuffix(".json")
        if name not in by_name:
            raise NotFound(f"there is no API family {name!r}; there are {', '.join(by_name)}")
        body = await anyio.to_thread.run_sync(rendered, name)
        return Response(body, media_type=MediaType.JSON)

    @get("/openapi", include_in_schema=False, opt=OPEN)
    async def index() -> list[dict[str, Any]]:
        return [
            {"name": family.title, "url": f"/openapi/{family.name}.json"} for family in families
        ]

    return [openapi, index, page, asset]


@get("/docs", include_in_schema=False, opt=OPEN)
async def page() -> File:
    return _static("index.html", MediaType.HTML)


@get("/docs/{name:str}", include_in_schema=False, opt=OPEN)
async def asset(name: FromPath[str]) -> File:
    kinds = {"page.js": "text/javascript", "swagger-ui-bundle.js": "text/javascript"}
    kinds["swagger-ui.css"] = MediaType.CSS
    if name not in kinds:
        raise NotFound("no such page")
    folder = "" if name == "page.js" else "swagger_ui/"
    return _static(folder + name, kinds[name])


def _static(name: str, media_type: str) -> File:
    return File(
        _STATIC / name,
        media_type=media_type,
        content_disposition_type="inline",
        headers=_PAGE_POLICY,
    )
