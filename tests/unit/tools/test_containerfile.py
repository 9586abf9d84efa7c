"""The Containerfile, as far as it can be proven without a container engine: its steps are run."""

import json
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def instructions() -> list[tuple[str, str]]:
    """(`RUN`, its text) and so on, with continued lines joined as a builder joins them."""
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("#")).replace("\\\n", "")
    words = (line.partition(" ") for line in text.splitlines() if line)
    return [(name, rest) for name, _, rest in words]


def values(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for text in values("ENV") for pair in shlex.split(text))


def copied() -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for text in values("COPY"):
        *sources, target = text.split()
        pairs += [(source, target) for source in sources]
    return pairs


def health_command() -> list[str]:
    (text,) = values("HEALTHCHECK")
    return json.loads(text[text.index("[") :])


def test_it_runs_as_a_user_who_is_not_root_and_has_a_name() -> None:
    (user,) = values("USER")
    assert user == "10001"
    assert any(f"useradd --uid {user}" in text for text in values("RUN"))
    order = [name for name, _ in instructions()]
    assert order.index("USER") > max(i for i, name in enumerate(order) if name in ("RUN", "COPY"))


def test_what_lasts_is_on_the_volume_and_the_port_is_open() -> None:
    assert values("VOLUME") == ["/data"]
    assert values("EXPOSE") == ["9000"]
    assert environment()["PARLEY_DATA_DIR"] == "/data"
    assert environment()["PARLEY_MODELS"].startswith("/data/")
    assert environment()["PARLEY_HOST"] == "0.0.0.0"  # noqa: S104


def test_everything_copied_exists_and_reaches_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for source, _ in copied():
        assert (ROOT / source).exists()
        assert f"!{source}" in ignore


@pytest.mark.parametrize(("gpu", "lock"), [("0", "cpu"), ("1", "gpu")])
def test_the_build_argument_chooses_the_lock(tmp_path: Path, gpu: str, lock: str) -> None:
    assert values("ARG") == ["GPU=0"]
    (step,) = (text for text in values("RUN") if "pip install" in text)
    said = tmp_path / "said"
    (tmp_path / "python").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}\n')
    (tmp_path / "python").chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    subprocess.run(["/bin/sh", "-c", step], env={"PATH": path, "GPU": gpu}, check=True)
    words = said.read_text().split()
    assert (ROOT / words[-1]).is_file()
    assert words[-1] == f"requirements-{lock}.lock"
    assert "--require-hashes" in words


def test_what_is_copied_is_enough_to_start_the_command(tmp_path: Path) -> None:
    for source, target in copied():
        place = tmp_path / (source if target == "./" else target)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)
    (entry,) = map(json.loads, values("ENTRYPOINT"))
    (arguments,) = map(json.loads, values("CMD"))
    assert entry[0] == "python"
    command = [sys.executable, *entry[1:], *arguments, "--help"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--data-dir" in done.stdout


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that answers /health with the given status."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def healthy(port: int) -> bool:
    command = [sys.executable, *health_command()[1:]]
    surroundings = {"PARLEY_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run(command, env=surroundings, capture_output=True).returncode == 0


@pytest.mark.parametrize("served", [200], indirect=True)
def test_a_server_that_answers_is_healthy_whatever_the_proxy(served: int) -> None:
    assert healthy(served)


@pytest.mark.parametrize("served", [503], indirect=True)
def test_a_server_that_refuses_is_not_healthy(served: int) -> None:
    assert not healthy(served)
