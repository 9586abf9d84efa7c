"""Speakers of a live stream: each utterance goes to known voices or to new ones. Pure.

All that was heard is grouped again after each utterance, but a label once given is never changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.asr.clustering import Labels, SpeakerCount, Vectors, nearest
from app.asr.diarization import (
    DiarizationRules,
    SpeakerTurn,
    Window,
    assign_turns,
    find_centres,
    plan_windows,
    speaker_of,
)
from app.asr.domain import SpeechSpan

MAX_REMEMBERED = 600
"""Windows that are grouped again; of longer streams, every second one is forgotten."""

MOST_ALIKE = 0.4
"""Cosine of two voices. One voice split in two gave 0.53 or more, two voices 0.18 at most."""


class LiveSpeakers:
    """Utterances in, turns out. `plan` says of which windows the encoder is to make vectors."""

    def __init__(self, count: SpeakerCount, rules: DiarizationRules) -> None:
        self._count = count
        self._rules = rules
        self._heard: list[_Heard] = []
        self._utterance_count = 0
        self._speaker_count = 0
        self._last_speaker = 0

    def plan(self, utterance: SpeechSpan) -> list[Window]:
        return plan_windows([utterance], self._rules)

    def add(
        self, utterance: SpeechSpan, windows: Sequence[Window], vectors: Vectors
    ) -> list[SpeakerTurn]:
        """Turns of one utterance; speakers are numbered in the order of their first words."""
        if not windows:
            return [SpeakerTurn(utterance.start_s, utterance.end_s, self._last_speaker)]
        self._heard += [
            _Heard(replace(window, span=self._utterance_count), vector)
            for window, vector in zip(windows, vectors, strict=True)
        ]
        self._utterance_count += 1
        everything = np.stack([heard.vector for heard in self._heard])
        places = [heard.window for heard in self._heard]
        centres = self._centres(places, everything)
        names = self._names(nearest(everything, centres), len(centres))
        turns = assign_turns([utterance], windows, vectors, centres, self._rules)
        named = [replace(turn, speaker=self._name(names, turn.speaker)) for turn in turns]
        self._learn(named, len(windows))
        return named

    def _centres(self, windows: Sequence[Window], vectors: Vectors) -> Vectors:
        """Not all expected may have spoken yet: a voice is not split to make up their number."""
        centres = find_centres(windows, vectors, replace(self._count, least=1), self._rules)
        for least in range(self._count.least, len(centres), -1):
            count = replace(self._count, least=least)
            expected = find_centres(windows, vectors, count, self._rules)
            if np.triu(expected @ expected.T, 1).max() <= MOST_ALIKE:
                return expected
        return centres

    def _names(self, groups: Labels, group_count: int) -> dict[int, int]:
        """Groups keep the name that most of them was called by. No two share one."""
        votes = np.zeros((group_count, self._speaker_count), int)
        for heard, group in zip(self._heard, groups, strict=True):
            if heard.speaker is not None:
                votes[group, heard.speaker] += 1
        names: dict[int, int] = {}
        while votes.any():
            group, speaker = divmod(int(np.argmax(votes)), self._speaker_count)
            names[group] = speaker
            votes[group] = 0
            votes[:, speaker] = 0
        return names

    def _name(self, names: dict[int, int], group: int) -> int:
        if group not in names:
            unused = set(range(self._speaker_count)) - set(names.values())
            if self._speaker_count < self._count.most or not unused:
                names[group] = self._speaker_count
                self._speaker_count += 1
            else:
                names[group] = min(unused)
        return names[group]

    def _learn(self, turns: Sequence[SpeakerTurn], new_count: int) -> None:
        for heard in self._heard[-new_count:]:
            heard.speaker = speaker_of(heard.window, turns)
        self._last_speaker = turns[-1].speaker
        if len(self._heard) > MAX_REMEMBERED:
            self._heard = self._heard[::2]


@dataclass(slots=True)
class _Heard:
    window: Window
    vector: Vectors
    speaker: int | None = None
