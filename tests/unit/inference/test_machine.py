"""Cores are counted as a container and hyper-threads leave them."""

from pathlib import Path

from app.inference.machine import cpu_quota, physical_cores, usable_cores


def test_hyper_threads_count_once(tmp_path: Path) -> None:
    for cpu, siblings in {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}.items():
        topology = tmp_path / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{siblings}\n")
    assert physical_cores({0, 1, 2, 3}, tmp_path) == 2
    assert physical_cores({0, 2}, tmp_path) == 1


def test_without_a_topology_every_cpu_is_a_core(tmp_path: Path) -> None:
    assert physical_cores({0, 1, 5}, tmp_path) == 3


def test_the_tightest_quota_of_all_groups_above_holds(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("1:name=systemd:/x\n0::/pod/container\n")
    inner = tmp_path / "fs" / "pod" / "container"
    inner.mkdir(parents=True)
    (inner / "cpu.max").write_text("max 100000\n")
    (inner.parent / "cpu.max").write_text("150000 100000\n")
    assert cpu_quota(own, tmp_path / "fs") == 1.5


def test_no_control_group_is_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "own", tmp_path / "fs") is None


def test_this_machine_has_a_core() -> None:
    assert usable_cores() >= 1
