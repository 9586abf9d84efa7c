"""The file with the operator's secret keys."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from app.core.crypto import KeyRing
from app.core.key_file import KeyFileRefused, load_or_create_keys


def test_keys_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    made = load_or_create_keys(path)
    assert [len(key) for key in made] == [32]
    assert load_or_create_keys(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_two_data_directories_have_different_keys(tmp_path: Path) -> None:
    assert load_or_create_keys(tmp_path / "a") != load_or_create_keys(tmp_path / "b")


def test_a_new_line_on_top_rotates(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    old = load_or_create_keys(path)
    path.write_text("ab" * 32 + "\n" + path.read_text())
    keys = load_or_create_keys(path)
    assert keys == [bytes.fromhex("ab" * 32), *old]
    encrypted = KeyRing(old).encrypt(b"kept", context=b"")
    assert KeyRing(keys).decrypt(encrypted, context=b"") == b"kept"


def _race(path: Path, start: "multiprocessing.synchronize.Barrier", out: Path) -> None:
    start.wait()
    out.write_bytes(b"".join(load_or_create_keys(path)))


def test_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    for attempt in range(2):
        path, barrier = tmp_path / f"{attempt}.key", spawn.Barrier(3)
        outs = [tmp_path / f"{attempt}.{n}.out" for n in range(3)]
        racers = [spawn.Process(target=_race, args=(path, barrier, out)) for out in outs]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert [racer.exitcode for racer in racers] == [0, 0, 0]
        assert {out.read_bytes() for out in outs} == {b"".join(load_or_create_keys(path))}
        assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret.key"
    load_or_create_keys(path)
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match="chmod 600") as refusal:
        load_or_create_keys(path)
    assert str(path) in refusal.value.message


@pytest.mark.parametrize("content", ["", "\n", "hello", "ab" * 31, "é" * 64, "ab" * 32 + "\nxy"])
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(KeyFileRefused, match="damaged") as refusal:
        load_or_create_keys(path)
    assert path.read_text() == content
    assert "ab" * 31 not in refusal.value.message


def test_a_directory_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused):
        load_or_create_keys(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    load_or_create_keys(path)
    path.chmod(0)
    with pytest.raises(KeyFileRefused, match="cannot be read"):
        load_or_create_keys(path)
