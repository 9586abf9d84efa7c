"""Captions: words laid out in cues that can be read, and the SRT and WebVTT files of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.asr.text.words import Word

_SENTENCE_ENDS = (".", "?", "!", "…", "।", "。", "？", "！")  # noqa: RUF001
_CLAUSE_ENDS = (",", ";", ":", "،", "、", "，")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class CaptionRules:
    """What is usual for adults. Where speech is faster than it can be read, no word is dropped:
    the cue stays as long as the next one allows."""

    line_chars: int = 42
    lines: int = 2
    chars_per_s: float = 20.0
    shortest_ms: int = 1000
    longest_ms: int = 7000
    gap_ms: int = 80
    pause_ms: int = 900
    """A silence after which a new cue begins."""
    space: str = " "
    """What stands between words; nothing where a script has no spaces."""

    def spaced_by(self, space: str) -> "CaptionRules":
        """A letter of a script without spaces is as wide as two and takes as long to read."""
        if space == self.space:
            return self
        return replace(
            self, space=space, line_chars=self.line_chars // 2, chars_per_s=self.chars_per_s / 2
        )


@dataclass(frozen=True, slots=True)
class Utterance:
    words: Sequence[Word]
    speaker: str = ""
    space: str = " "


@dataclass(frozen=True, slots=True)
class Cue:
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str = ""
    space: str = " "

    @property
    def text(self) -> str:
        return self.space.join(self.lines)


def make_cues(utterances: Sequence[Utterance], rules: CaptionRules | None = None) -> list[Cue]:
    """In order, none overlapping another, each at least a millisecond long."""
    rules = rules or CaptionRules()
    raw = [cue for utterance in utterances for cue in _cues(utterance, rules)]
    raw.sort(key=lambda cue: cue.start_ms)
    timed: list[Cue] = []
    for index, cue in enumerate(raw):
        start_ms = max(cue.start_ms, timed[-1].end_ms if timed else 0)
        wanted_ms = max(cue.end_ms, start_ms + _reading_ms(cue.text, rules.spaced_by(cue.space)))
        next_ms = raw[index + 1].start_ms if index + 1 < len(raw) else wanted_ms + rules.gap_ms
        latest_ms = max(next_ms - rules.gap_ms, min(cue.end_ms, next_ms), start_ms + 1)
        timed.append(replace(cue, start_ms=start_ms, end_ms=min(wanted_ms, latest_ms)))
    return timed


def srt(cues: Sequence[Cue], *, with_speakers: bool = False) -> str:
    blocks: list[str] = []
    for number, cue in enumerate(cues, start=1):
        lines = [line.replace("-->", "→") for line in cue.lines]
        if with_speakers and cue.speaker:
            lines[0] = f"[{cue.speaker}] {lines[0]}"
        times = f"{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}"
        blocks.append("\n".join((str(number), times, *lines)) + "\n")
    return "\n".join(blocks)


def vtt(cues: Sequence[Cue], *, with_speakers: bool = False) -> str:
    blocks = ["WEBVTT\n"]
    for cue in cues:
        lines = [_escaped(line) for line in cue.lines]
        if with_speakers and cue.speaker:
            lines[0] = f"<v {_escaped(cue.speaker)}>{lines[0]}"
        times = f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}"
        blocks.append("\n".join((times, *lines)) + "\n")
    return "\n".join(blocks)


def _cues(utterance: Utterance, rules: CaptionRules) -> Iterator[Cue]:
    rules = rules.spaced_by(utterance.space)
    said = [word for word in utterance.words if word.text.strip()]
    for words in _portions(said, rules):
        start_ms = max(0, round(words[0].start_s * 1000))
        end_ms = max(start_ms, round(words[-1].end_s * 1000))
        lines = _balanced(_units(words, rules), rules)
        yield Cue(start_ms, end_ms, tuple(lines), utterance.speaker, utterance.space)


def _portions(words: Sequence[Word], rules: CaptionRules) -> Iterator[list[Word]]:
    """Words that fit one cue; ended early at a pause or at the end of a sentence."""
    portion: list[Word] = []
    for word in words:
        if portion and not _takes(portion, word, rules):
            cut = _best_cut(portion) if _is_pressed(portion, word, rules) else len(portion)
            yield portion[:cut]
            portion = portion[cut:]
        portion.append(word)
    while portion and not _fits(portion, rules) and len(portion) > 1:
        yield portion[:1]
        portion = portion[1:]
    if portion:
        yield portion


def _takes(portion: Sequence[Word], word: Word, rules: CaptionRules) -> bool:
    if (word.start_s - portion[-1].end_s) * 1000 >= rules.pause_ms:
        return False
    is_sentence = portion[-1].text.endswith(_SENTENCE_ENDS)
    if is_sentence and len(rules.space.join(_units(portion, rules))) >= rules.line_chars:
        return False
    return not _is_pressed(portion, word, rules)


def _is_pressed(portion: Sequence[Word], word: Word, rules: CaptionRules) -> bool:
    """No room or no time for another word."""
    lasts_ms = (word.end_s - portion[0].start_s) * 1000
    return lasts_ms > rules.longest_ms or not _fits([*portion, word], rules)


def _fits(words: Sequence[Word], rules: CaptionRules) -> bool:
    return len(_wrapped(_units(words, rules), rules)) <= rules.lines


def _best_cut(portion: Sequence[Word]) -> int:
    """After the last sentence or clause of the second half, else at the end."""
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        for index in range(len(portion) - 1, len(portion) // 2, -1):
            if portion[index - 1].text.endswith(ends):
                return index
    return len(portion)


def _units(words: Sequence[Word], rules: CaptionRules) -> list[str]:
    """What a line is not broken within."""
    texts = [word.text for word in words]
    return rules.space.join(texts).split() if rules.space else texts


def _wrapped(units: Sequence[str], rules: CaptionRules) -> list[str]:
    """Lines filled one after the other; a word longer than a line is broken."""
    lines: list[str] = []
    for word in units:
        rest = word
        if lines and len(lines[-1]) + len(rules.space) + len(word) <= rules.line_chars:
            lines[-1] += f"{rules.space}{word}"
            continue
        while rest:
            lines.append(rest[: rules.line_chars])
            rest = rest[rules.line_chars :]
    return lines


def _balanced(units: Sequence[str], rules: CaptionRules) -> list[str]:
    """Two lines of about one length, divided after a clause where that costs little."""
    lines = _wrapped(units, rules)
    if len(lines) != 2 or any(len(word) > rules.line_chars for word in units):
        return lines
    best, least = lines, float("inf")
    for cut in range(1, len(units)):
        first, second = rules.space.join(units[:cut]), rules.space.join(units[cut:])
        if max(len(first), len(second)) > rules.line_chars:
            continue
        cost = abs(len(first) - len(second)) - 12 * first.endswith(_SENTENCE_ENDS + _CLAUSE_ENDS)
        if cost < least:
            best, least = [first, second], cost
    return best


def _reading_ms(text: str, rules: CaptionRules) -> int:
    wanted_ms = max(rules.shortest_ms, round(len(text) / rules.chars_per_s * 1000))
    return min(rules.longest_ms, wanted_ms)


def _time(ms: int, point: str) -> str:
    seconds, rest_ms = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}{point}{rest_ms:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
