"""How many cores this process may really use: affinity, hyper-threads, container quota."""

import os
from pathlib import Path

CPU_FOLDER = Path("/sys/devices/system/cpu")
CGROUP_FOLDER = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Physical cores within the affinity of the process, or fewer where a quota says so."""
    cores = physical_cores(os.sched_getaffinity(0), CPU_FOLDER)
    quota = cpu_quota(OWN_CGROUP, CGROUP_FOLDER)
    return cores if quota is None else max(1, min(cores, int(quota)))


def physical_cores(cpus: set[int], cpu_folder: Path) -> int:
    """Two hyper-threads of a core count once: matrix code gains nothing from the second."""
    siblings = {
        _text(cpu_folder / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in cpus
    }
    return max(1, len(siblings))


def cpu_quota(own_cgroup: Path, cgroup_folder: Path) -> float | None:
    """The tightest CPU quota of this process's control group (version 2) and of those above."""
    path = next(
        (line[3:] for line in _text(own_cgroup).splitlines() if line.startswith("0::")), "/"
    )
    group = cgroup_folder / path.strip("/")
    quotas = [
        int(words[0]) / int(words[1])
        for folder in (group, *group.parents)
        if folder.is_relative_to(cgroup_folder)
        and len(words := _text(folder / "cpu.max").split()) == 2
        and words[0] != "max"
    ]
    return min(quotas, default=None)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
