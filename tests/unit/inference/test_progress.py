"""Bars where somebody watches, lines where nobody does."""

import io

from app.inference.progress import open_reporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown_on(stream: io.StringIO) -> str:
    with open_reporter(stream) as reporter:
        reporter.begin("m/w[0].bin", 4_000_000)
        reporter.at("m/w[0].bin", 1_000_000)
        reporter.say("[bold]waiting")
        reporter.done("m/w[0].bin")
    return stream.getvalue()


def test_lines_elsewhere_than_on_a_terminal() -> None:
    assert shown_on(io.StringIO()).splitlines() == [
        "fetching m/w[0].bin (4.0 MB)",
        "[bold]waiting",
        "m/w[0].bin is there, its SHA-256 is right",
    ]


def test_a_bar_that_fills_on_a_terminal() -> None:
    shown = shown_on(Terminal())
    assert "m/w[0].bin" in shown
    assert "4.0/4.0 MB" in shown
    assert "[bold]waiting" in shown
