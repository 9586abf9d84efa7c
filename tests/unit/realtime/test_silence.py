"""Prompts into silence, and the end."""

from app.realtime.silence import SilenceRules, SilenceWatchdog


def test_one_prompt_and_then_the_end() -> None:
    watchdog = SilenceWatchdog(SilenceRules(quiet_s=5, strikes=1), 0)
    assert watchdog.tick(4.9) is None
    assert watchdog.tick(5) == "prompt"
    watchdog.busy()
    assert watchdog.due_s is None
    watchdog.quiet(7)
    assert watchdog.due_s == 12
    assert watchdog.tick(12) == "hang_up"


def test_an_answer_forgives_the_silence_before_it() -> None:
    watchdog = SilenceWatchdog(SilenceRules(quiet_s=5, strikes=1), 0)
    assert watchdog.tick(5) == "prompt"
    watchdog.answered()
    watchdog.quiet(6)
    assert watchdog.tick(11) == "prompt"
    assert watchdog.tick(16) == "hang_up"


def test_no_strike_means_no_prompt() -> None:
    assert SilenceWatchdog(SilenceRules(5, strikes=0), 0).tick(5) == "hang_up"


def test_without_rules_nobody_minds() -> None:
    watchdog = SilenceWatchdog(None, 0)
    assert watchdog.due_s is None
    assert watchdog.tick(1e6) is None
