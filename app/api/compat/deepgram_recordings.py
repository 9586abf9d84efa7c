"""Speech to text as Deepgram offers it, for recordings: POST /v1/listen."""

import asyncio
import hashlib
from contextlib import AbstractAsyncContextManager
from typing import Any, BinaryIO

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency

from app.api.access import TOKEN
from app.api.compat.asked import ParameterInvalid, names_passed_over
from app.api.compat.deepgram_answers import recording_answer
from app.api.compat.deepgram_asked import RecordingAsked, read_recording
from app.api.described import query_of
from app.api.hearing import admit_audio, heard, opened_url
from app.api.uploads import MIB, most_upload_bytes, opened_body, stream_of
from app.asr.domain import parse_request
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]
MOST_JSON_BYTES = 65_536
JSON = "application/json"


class Remote(msgspec.Struct, frozen=True):
    url: str


BODY = {
    JSON: {
        "schema": {
            "type": "object",
            "properties": {"url": {"type": "string"}},
            "required": ["url"],
        }
    },
    "audio/*": {"schema": {"type": "string", "format": "binary"}},
}
ANSWER = {JSON: {"schema": {"type": "object", "required": ["metadata", "results"]}}}


@post(
    "/v1/listen",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=query_of(RecordingAsked, BODY, ANSWER),
)
async def listen(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """What is said in the body, or in what lies at the `url` of a JSON body."""
    await admit_audio(request, runtime)
    query = _query(request)
    asked = read_recording(query)
    wanted = parse_request(asked.fields())
    async with await _source(request, runtime) as upload:
        source = stream_of(upload)
        sha256 = await asyncio.to_thread(_sha256, source)
        transcript = await heard(request, runtime, source, wanted)
    request_id: str = request.scope["state"]["request_id"]
    passed_over = names_passed_over(query, RecordingAsked)
    return Response(recording_answer(transcript, asked, request_id, sha256, passed_over))


def _query(request: AnyRequest) -> dict[str, list[str]]:
    return {name: request.query_params.getall(name) for name in request.query_params}


async def _source(request: AnyRequest, runtime: Runtime) -> AbstractAsyncContextManager[UploadFile]:
    if request.content_type[0] != JSON:
        return opened_body(request, max_bytes=most_upload_bytes(runtime))
    async with opened_body(request, max_bytes=MOST_JSON_BYTES) as body:
        try:
            remote = msgspec.json.decode(await body.read(), type=Remote)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ParameterInvalid("url: the body must be JSON with a url", field="url") from None
    return opened_url(request, runtime, remote.url)


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(MIB):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
