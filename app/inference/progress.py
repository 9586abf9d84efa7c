"""How a pull shows where it stands: bars on a terminal, plain lines elsewhere."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Reporter(Protocol):
    """Called from several threads at once."""

    def begin(self, name: str, total_bytes: int) -> None: ...

    def at(self, name: str, done_bytes: int) -> None: ...

    def done(self, name: str) -> None: ...

    def say(self, line: str) -> None: ...


class PlainReporter:
    """One line when a file begins and one when it is there, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, name: str, total_bytes: int) -> None:
        self.say(f"fetching {name} ({total_bytes / 1e6:.1f} MB)")

    def at(self, name: str, done_bytes: int) -> None:
        """Not shown."""

    def done(self, name: str) -> None:
        self.say(f"{name} is there, its SHA-256 is right")

    def say(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()


class BarReporter:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, tuple[TaskID, int]] = {}

    def begin(self, name: str, total_bytes: int) -> None:
        self._tasks[name] = self._progress.add_task(name, total=total_bytes), total_bytes

    def at(self, name: str, done_bytes: int) -> None:
        self._progress.update(self._tasks[name][0], completed=done_bytes)

    def done(self, name: str) -> None:
        task, total_bytes = self._tasks[name]
        self._progress.update(task, completed=total_bytes)

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False)


@contextmanager
def open_reporter(stream: TextIO) -> Generator[Reporter]:
    if not stream.isatty():
        yield PlainReporter(stream)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=stream)) as progress:
        yield BarReporter(progress)
