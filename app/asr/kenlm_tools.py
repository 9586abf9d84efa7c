"""KenLM's own lmplz and build_binary: found on this machine, or compiled of their source, once."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import Unavailable
from app.inference.fetch import pull
from app.inference.machine import usable_cores
from app.inference.manifest import Archive, Derived, Model, ModelFile, Source
from app.inference.model_store import ModelStore
from app.inference.progress import Reporter

NAMES = ("lmplz", "build_binary")
COMPILERS = ("c++", "g++", "clang++")
KENLM = Model(
    "kenlm",
    "KenLM 0.3.0, makes language models",
    "LGPL-2.1-or-later",
    "tool",
    (
        ModelFile(
            "kenlm-0.3.0.tar.gz",
            427500,
            "c4628bb9fb63c8a6f9240035b8b037385cfc404cb72e933cf48878291edac1e8",
            (Source(archive=Archive("kenlm==0.3.0")),),
        ),
    ),
    Derived("compile", 1, NAMES),
)
BOOST = Model(
    "boost",
    "Boost 1.90.0, for compiling KenLM",
    "BSL-1.0",
    "tool",
    (
        ModelFile(
            "boost.whl",
            36162775,
            "14efe34db660c9aacb61247a7f9ae0ee6d7626ec9a3d89b8b27e62dba6fcaa4d",
            (Source(archive=Archive("cmeel-boost==1.90.0", "cp311-cp311-manylinux_2_28_x86_64")),),
        ),
    ),
)
"""Of any Python: nothing in it is imported."""

_BOOST_PREFIX = "cmeel.prefix"
_BOOST_LIBRARIES = ("atomic", "chrono", "container", "date_time", "program_options", "thread")
_LINKED = ("-lboost_program_options", "-lboost_thread", "-pthread", "-Wl,-rpath,$ORIGIN")
_BOOST_PROBE = b"""
#include <boost/program_options.hpp>
#include <boost/thread.hpp>
int main() { boost::thread([] {}).join(); boost::program_options::options_description none; }
"""
_FLAGS = ("-std=c++17", "-O2", "-w", "-DNDEBUG", "-DKENLM_MAX_ORDER=6")
_FOLDERS = ("util", "util/double-conversion", "util/stream", "lm", "lm/common", "lm/builder")
_MAINS = {"lmplz": "lm/builder/lmplz_main.cc", "build_binary": "lm/build_binary_main.cc"}
_LAST_LINES = 5


class NoCompiler(Unavailable):
    """Nothing here can compile C++."""


class BoostMissing(Unavailable):
    """The machine has no Boost, and none is published that would run on it."""


class CompilerFailed(Unavailable):
    """The message ends with the last lines of the compiler."""


@dataclass(frozen=True, slots=True)
class KenlmTools:
    lmplz: Path
    build_binary: Path


def tools_here(store: ModelStore) -> KenlmTools | None:
    """On PATH, or in the store since an earlier `make_tools`."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    if len(found) == len(NAMES):
        return KenlmTools(*map(Path, found))
    if KENLM.derived and store.holds_made(KENLM, KENLM.derived):
        return _made(store)
    return None


def make_tools(store: ModelStore, reporter: Reporter) -> KenlmTools:
    """Compiles them into the store: a minute of processor time. Safe to run many at once."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise NoCompiler(f"there is no C++ compiler ({', '.join(COMPILERS)}) on this machine")

    def recipe(pulled: Path, made: Path) -> None:
        _compile(compiler, pulled / KENLM.files[0].name, made, reporter)

    pull([KENLM], store, reporter, recipes={"compile": recipe})
    return _made(store)


def _made(store: ModelStore) -> KenlmTools:
    folder = store.verified(KENLM)
    return KenlmTools(*(folder / name for name in NAMES))


def _compile(compiler: str, archive: Path, made: Path, reporter: Reporter) -> None:
    scratch = made.parent
    boost = None
    if not _has_boost(compiler):
        boost = _fetch_boost(scratch, reporter)
        for library in (boost / "lib").glob("*.so.*"):
            shutil.copy(library, made)
    with tarfile.open(archive) as packed:
        packed.extractall(scratch / "source", filter="data")
    (source,) = (scratch / "source").iterdir()
    objects = scratch / "objects"
    objects.mkdir()
    reporter.say(f"compiling lmplz with {Path(compiler).name}; this is done once")
    includes = [f"-I{source}", *([f"-I{boost}/include"] if boost else [])]
    files = [*_sources(source), *(source / main for main in _MAINS.values())]
    shares = [files[start :: usable_cores()] for start in range(usable_cores())]
    _run_all([[compiler, *_FLAGS, *includes, "-c", *map(str, share)] for share in shares], objects)
    mains = {objects / f"{Path(main).stem}.o" for main in _MAINS.values()}
    shared = sorted(set(objects.glob("*.o")) - mains)
    linked = [*([f"-L{boost}/lib"] if boost else []), *_LINKED]
    for name, main in _MAINS.items():
        parts = map(str, [objects / f"{Path(main).stem}.o", *shared])
        _run_all([[compiler, *parts, "-o", str(made / name), *linked]], objects)


def _sources(source: Path) -> Iterable[Path]:
    for folder in _FOLDERS:
        for file in sorted((source / folder).glob("*.cc")):
            if not file.stem.endswith(("_test", "_main")):
                yield file


def _has_boost(compiler: str) -> bool:
    command = [compiler, "-x", "c++", "-", "-o", os.devnull, *_LINKED]
    return not subprocess.run(  # noqa: S603
        command, input=_BOOST_PROBE, capture_output=True, check=False
    ).returncode


def _fetch_boost(scratch: Path, reporter: Reporter) -> Path:
    """Unpacked, with the libraries that are needed, until the scratch folder goes."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise BoostMissing("Boost (program_options and thread) is not installed")
    store = ModelStore(scratch / "boost")
    pull([BOOST], store, reporter)
    wanted = [f"{_BOOST_PREFIX}/include/"]
    wanted += [f"{_BOOST_PREFIX}/lib/libboost_{name}.so" for name in _BOOST_LIBRARIES]
    with zipfile.ZipFile(store.path(BOOST, BOOST.files[0])) as wheel:
        members = [name for name in wheel.namelist() if name.startswith(tuple(wanted))]
        for member in members:
            wheel.extract(member, store.root)
    return store.root / _BOOST_PREFIX


def _run_all(commands: Sequence[Sequence[str]], folder: Path) -> None:
    """At once. Each is a group of processes, for a compiler starts others."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            process = subprocess.Popen(  # noqa: S603
                command, cwd=folder, stderr=subprocess.PIPE, process_group=0
            )
            started.append(process)
        said = b"".join(process.communicate()[1] for process in started)
    except BaseException:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        raise
    if any(process.returncode for process in started):
        lines = said.decode("utf-8", "replace").strip().split("\n")[-_LAST_LINES:]
        raise CompilerFailed("\n".join((f"{Path(commands[0][0]).name} failed:", *lines)))
