"""Who speaks when: from spans of speech and the voices in them to turns of speakers.

Pure: the voices come as vectors from elsewhere. A moment belongs to one speaker at a time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.asr.clustering import ClusterRules, SpeakerCount, Vectors, find_speakers
from app.asr.domain import SpeechSpan
from app.core.audio.convert import Samples

TICK_S = 0.1
"""How finely the moment of a change is known."""

NEIGHBOUR_LAG = 2
"""Windows this far apart in one span are most often one speaker, and share half their sound."""

MIN_NEIGHBOURS = 8
USUAL_LIKENESS = 0.3
LIKENESS_RANGE = (0.15, 0.5)


@dataclass(frozen=True, slots=True)
class DiarizationRules:
    window_s: float = 1.6
    hop_s: float = 0.4
    grid_s: float = 0.2
    """Windows of short spans have lengths that are multiples of this, so that they share a call."""
    min_clustered_s: float = 1.2
    """Shorter windows find their speaker, but none is found from them."""
    max_windows: int = 9000
    """Of long recordings the windows lie further apart: an hour of speech has one each 0.4 s."""
    change_cost: float = 0.5
    pause_change_cost: float = 0.2
    """What a change of speaker must gain, in sums of cosines over ticks: in speech, at a pause."""
    join_gap_s: float = 0.3
    likeness_slope: float = 0.8
    likeness_offset: float = -0.22
    """How alike a voice must stay, from how alike neighbouring windows are: noise lowers both."""
    clusters: ClusterRules = field(default_factory=ClusterRules)


@dataclass(frozen=True, slots=True)
class Window:
    start_s: float
    end_s: float
    span: int


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    start_s: float
    end_s: float
    speaker: int
    """From 0, in the order in which they are first heard."""


@dataclass(frozen=True, slots=True)
class Diarization:
    turns: list[SpeakerTurn]
    """In order, none overlapping another, together covering the speech."""
    voices: Vectors
    """A vector for each speaker; none where there was too little speech to know any."""


class Timed(Protocol):
    """A word, or anything else that lies in time."""

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


T = TypeVar("T", bound=Timed)


def speaker_label(speaker: int) -> str:
    return f"SPEAKER_{speaker:02d}"


def plan_windows(spans: Sequence[SpeechSpan], rules: DiarizationRules) -> list[Window]:
    """In order of their beginnings. Every span of at least one grid step has a window."""
    speech_s = sum(span.end_s - span.start_s for span in spans)
    hop_s = max(rules.hop_s, speech_s / rules.max_windows)
    windows: list[Window] = []
    for index, span in enumerate(spans):
        duration_s = span.end_s - span.start_s
        length_s = min(rules.window_s, int(duration_s / rules.grid_s + 1e-6) * rules.grid_s)
        if length_s <= 0:
            continue
        spare_s = duration_s - length_s
        hops = int(spare_s / hop_s)
        first_s = span.start_s + (spare_s - hops * hop_s) / 2
        starts_s = (first_s + hop * hop_s for hop in range(hops + 1))
        windows += [Window(start_s, start_s + length_s, index) for start_s in starts_s]
    return windows


def window_samples(
    blocks: Iterable[Samples], windows: Iterable[Window], sample_rate: int
) -> Iterator[Samples]:
    """The sound of each window, from a recording that passes once in blocks."""
    kept = np.zeros(0, np.float32)
    kept_from = 0
    source = iter(blocks)
    for window in windows:
        start = round(window.start_s * sample_rate)
        end = start + round((window.end_s - window.start_s) * sample_rate)
        while kept_from + kept.size < end and (block := next(source, None)) is not None:
            passed = max(0, min(start - kept_from, kept.size))
            kept = np.concatenate((kept[passed:], block))
            kept_from += passed
        yield kept[max(0, start - kept_from) : end - kept_from].copy()


def diarize(
    spans: Sequence[SpeechSpan],
    windows: Sequence[Window],
    vectors: Vectors,
    count: SpeakerCount,
    rules: DiarizationRules,
) -> Diarization:
    centres = find_centres(windows, vectors, count, rules)
    turns = assign_turns(spans, windows, vectors, centres, rules)
    heard = list(dict.fromkeys(turn.speaker for turn in turns))
    named = [replace(turn, speaker=heard.index(turn.speaker)) for turn in turns]
    return Diarization(named, centres[heard] if len(centres) else centres)


def find_centres(
    windows: Sequence[Window], vectors: Vectors, count: SpeakerCount, rules: DiarizationRules
) -> Vectors:
    """A vector for each speaker, from the windows long enough to know a voice by."""
    if not windows:
        return np.zeros((0, 0), np.float32)
    lengths_s = np.array([window.end_s - window.start_s for window in windows])
    clustered = lengths_s >= min(rules.min_clustered_s, lengths_s.max()) - 1e-6
    least_likeness = _least_likeness(windows, vectors, rules)
    return find_speakers(vectors[clustered], count, least_likeness, rules.clusters)


def assign_turns(
    spans: Sequence[SpeechSpan],
    windows: Sequence[Window],
    vectors: Vectors,
    centres: Vectors,
    rules: DiarizationRules,
) -> list[SpeakerTurn]:
    """Turns whose speakers are the numbers of the centres. Without a voice, all are the first."""
    if not spans:
        return []
    ticks = _Ticks(spans)
    of_windows = vectors @ centres.T if windows else np.zeros((0, 1), np.float32)
    path = _smooth(ticks.likeness(windows, of_windows), ticks.after_pause, rules)
    return list(_joined(ticks.turns(path), rules.join_gap_s))


def _least_likeness(windows: Sequence[Window], vectors: Vectors, rules: DiarizationRules) -> float:
    """Of one speaker in this recording; a usual value where too little speech tells."""
    spans = np.array([window.span for window in windows])
    neighbours = spans[NEIGHBOUR_LAG:] == spans[:-NEIGHBOUR_LAG]
    if neighbours.sum() < MIN_NEIGHBOURS:
        return USUAL_LIKENESS
    likeness = np.einsum("ij,ij->i", vectors[NEIGHBOUR_LAG:], vectors[:-NEIGHBOUR_LAG])[
        neighbours
    ].mean()
    expected = rules.likeness_slope * float(likeness) + rules.likeness_offset
    return float(np.clip(expected, *LIKENESS_RANGE))


class _Ticks:
    """Moments of speech, 0.1 s apart; the pauses between spans are left out."""

    def __init__(self, spans: Sequence[SpeechSpan]) -> None:
        self._spans = spans
        counts = [max(1, round((span.end_s - span.start_s) / TICK_S)) for span in spans]
        self._first = np.concatenate(([0], np.cumsum(counts)))
        self.after_pause = np.zeros(self._first[-1], bool)
        self.after_pause[self._first[:-1]] = True

    def likeness(self, windows: Sequence[Window], of_windows: Vectors) -> Vectors:
        """To each speaker, at each tick: the mean of the windows over it, their middles first."""
        sums = np.zeros((self.after_pause.size, of_windows.shape[1]), np.float32)
        weights = np.zeros((self.after_pause.size, 1), np.float32)
        for window, likeness in zip(windows, of_windows, strict=True):
            offset = self._first[window.span]
            own_ticks = self._first[window.span + 1] - offset
            start_s = self._spans[window.span].start_s
            first = min(own_ticks - 1, round((window.start_s - start_s) / TICK_S))
            last = max(first + 1, min(own_ticks, round((window.end_s - start_s) / TICK_S)))
            place = (np.arange(last - first, dtype=np.float32) + 0.5) / (last - first)
            weight = (1.05 - np.abs(2 * place - 1))[:, None]
            sums[offset + first : offset + last] += weight * likeness
            weights[offset + first : offset + last] += weight
        return np.divide(sums, np.maximum(weights, 1e-6), dtype=np.float32)

    def turns(self, path: NDArray[np.intp]) -> Iterator[SpeakerTurn]:
        for index, span in enumerate(self._spans):
            own = path[self._first[index] : self._first[index + 1]]
            edges = np.concatenate(([0], np.flatnonzero(np.diff(own)) + 1, [own.size]))
            for start, end in pairwise(edges.tolist()):
                start_s = span.start_s + start * TICK_S
                end_s = span.end_s if end == own.size else span.start_s + end * TICK_S
                yield SpeakerTurn(round(start_s, 3), round(end_s, 3), int(own[start]))


def _smooth(
    likeness: Vectors, after_pause: NDArray[np.bool_], rules: DiarizationRules
) -> NDArray[np.intp]:
    """The likeliest path through the speakers, where each change costs something."""
    tick_count, speaker_count = likeness.shape
    costs = np.where(after_pause, rules.pause_change_cost, rules.change_cost)
    came_from = np.zeros((tick_count, speaker_count), np.int16)
    stay = np.arange(speaker_count, dtype=np.int16)
    gained = likeness[0].astype(np.float64)
    for tick in range(1, tick_count):
        best = int(np.argmax(gained))
        changes = gained < gained[best] - costs[tick]
        came_from[tick] = np.where(changes, best, stay)
        gained = np.maximum(gained, gained[best] - costs[tick]) + likeness[tick]
    path = np.zeros(tick_count, np.intp)
    path[-1] = int(np.argmax(gained))
    for tick in range(tick_count - 1, 0, -1):
        path[tick - 1] = came_from[tick, path[tick]]
    return path


def _joined(turns: Iterable[SpeakerTurn], gap_s: float) -> Iterator[SpeakerTurn]:
    """Neighbouring turns of one speaker, over a short pause, are one."""
    last: SpeakerTurn | None = None
    for turn in turns:
        if last and last.speaker == turn.speaker and turn.start_s - last.end_s <= gap_s:
            last = SpeakerTurn(last.start_s, turn.end_s, turn.speaker)
            continue
        if last:
            yield last
        last = turn
    if last:
        yield last


def speaker_of(item: Timed, turns: Sequence[SpeakerTurn]) -> int | None:
    """Who speaks for most of it; where nobody does, who speaks nearest to it."""
    first = bisect_left(turns, item.start_s, key=lambda turn: turn.end_s)
    last = bisect_left(turns, item.end_s, key=lambda turn: turn.start_s)
    near = turns[max(0, first - 1) : last + 1]

    def shared_s(turn: SpeakerTurn) -> float:
        return min(item.end_s, turn.end_s) - max(item.start_s, turn.start_s)

    totals_s: dict[int, float] = {}
    for turn in near:
        if shared_s(turn) > 0:
            totals_s[turn.speaker] = totals_s.get(turn.speaker, 0) + shared_s(turn)
    if totals_s:
        return max(totals_s, key=totals_s.__getitem__)
    return max(near, key=shared_s).speaker if near else None


def by_speaker(
    items: Sequence[T], turns: Sequence[SpeakerTurn]
) -> list[tuple[int | None, list[T]]]:
    """Neighbouring words of one speaker together. No word is lost, split or given to two."""
    return [
        (speaker, list(group))
        for speaker, group in groupby(items, key=lambda item: speaker_of(item, turns))
    ]
