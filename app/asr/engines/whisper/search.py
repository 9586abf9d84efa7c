"""Finds what was most likely said: the best token at every step, by chance, or with beams.

Many utterances go through the decoder together; those that are done leave.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.asr.engines.whisper.network import Heard, Memory, WhisperNetwork
from app.asr.engines.whisper.rules import TokenRules
from app.core.audio.convert import Samples

LEAVE_SHARE = 0.75
"""Finished utterances are carried along until no more than this share is left: to leave costs a
copy of the others."""


@dataclass(slots=True)
class Candidate:
    """What may have been said. The log probabilities are of the tokens and then of the end."""

    tokens: list[int] = field(default_factory=list[int])
    log_probabilities: list[float] = field(default_factory=list[float])
    bonus: float = 0.0
    """What hotwords and a language model added to its rank."""
    ended: bool = False
    temperature: float = 0.0

    @property
    def log_probability(self) -> float:
        return sum(self.log_probabilities) / max(1, len(self.log_probabilities))

    @property
    def rank(self) -> float:
        return self.log_probability + self.bonus / max(1, len(self.log_probabilities))

    @property
    def merit(self) -> tuple[bool, float]:
        """The best has the greatest. What did not end within its budget is made up."""
        return self.ended, self.rank

    def grown(self, token: int, log_probability: float, bonus: float, end: int) -> "Candidate":
        return Candidate(
            self.tokens if token == end else [*self.tokens, token],
            [*self.log_probabilities, log_probability],
            self.bonus + bonus,
            ended=token == end,
            temperature=self.temperature,
        )


class Pull(Protocol):
    """Makes some tokens likelier than what was heard says."""

    def add_to(self, scores: Samples, said: Sequence[Sequence[int]]) -> None:
        """`scores` (rows, vocabulary) of what may follow what each row has `said`."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """Where the decoder stands when the first token is to be chosen, a row an utterance. Each
    has `pulls` of its own."""

    heard: Heard
    memory: Memory
    logits: Samples
    pulls: Sequence[Sequence[Pull]]

    def select(self, rows: Sequence[int]) -> "Start":
        pulls = [self.pulls[row] for row in rows]
        return Start(self.heard.select(rows), self.memory.select(rows), self.logits[rows], pulls)


class Search:
    def __init__(self, network: WhisperNetwork, rules: TokenRules, end: int) -> None:
        self._network = network
        self._rules = rules
        self._end = end

    def sample(
        self, start: Start, budgets: Sequence[int], temperature: float, width: int
    ) -> list[list[Candidate]]:
        """`width` answers to each utterance, drawn by chance; at temperature 0 the likeliest."""
        chance = np.random.default_rng(0) if temperature else None

        def choose(scores: Samples) -> NDArray[np.int64]:
            if chance is None:
                return scores.argmax(axis=-1)
            noise = chance.gumbel(size=scores.shape).astype(np.float32)
            return (scores / np.float32(temperature) + noise).argmax(axis=-1)

        batch = _Batch(start, budgets, width, temperature)
        while True:
            said = batch.said()
            log_probabilities = self._rules.log_probabilities(batch.logits, said)
            pulled = batch.pulled(log_probabilities, said)
            chosen = choose(pulled)
            for row, token in enumerate(chosen.tolist()):
                log_probability = float(log_probabilities[row, token])
                bonus = float(pulled[row, token]) - log_probability
                batch.grow(row, token, log_probability, bonus, self._end)
            if not batch.leave():
                return batch.answers()
            batch.step(self._network, self._end)

    def beam(self, start: Start, budgets: Sequence[int], width: int) -> list[list[Candidate]]:
        """The `width` likeliest answers to each utterance, by keeping so many all along."""
        batch = _Batch(start, budgets, width)
        while True:
            said = batch.said()
            log_probabilities = self._rules.log_probabilities(batch.logits, said)
            pulled = batch.pulled(log_probabilities, said)
            batch.branch(log_probabilities, pulled, self._end)
            if not batch.leave():
                return batch.answers()
            batch.step(self._network, self._end)


class _Batch:
    """The rows under way, `width` for each utterance that is not done."""

    def __init__(
        self, start: Start, budgets: Sequence[int], width: int, temperature: float = 0.0
    ) -> None:
        count = start.heard.count
        rows = np.repeat(np.arange(count), width)
        self._width = width
        self._budgets = budgets
        self._pulls = start.pulls
        self._heard = start.heard
        self._memory = start.memory.select(rows) if width > 1 else start.memory
        self.logits = start.logits[rows] if width > 1 else start.logits
        self._utterances = list(range(count))
        self._live = [
            [Candidate(temperature=temperature) for _ in range(width)] for _ in range(count)
        ]
        self._ended: list[list[Candidate]] = [[] for _ in range(count)]
        self._parents = np.arange(count * width)
        self._length = 0

    def said(self) -> list[list[int]]:
        return [row.tokens for at in self._utterances for row in self._live[at]]

    def pulled(self, scores: Samples, said: Sequence[Sequence[int]]) -> Samples:
        """The scores with what pulls add; the same array where there are none."""
        if not any(self._pulls):
            return scores
        pulled = scores.copy()
        for place, at in enumerate(self._utterances):
            own = slice(place * self._width, (place + 1) * self._width)
            for pull in self._pulls[at]:
                pull.add_to(pulled[own], said[own])
        return pulled

    def grow(self, row: int, token: int, log_probability: float, bonus: float, end: int) -> None:
        at = self._utterances[row // self._width]
        rows = self._live[at]
        candidate = rows[row % self._width]
        if not candidate.ended and self._length < self._budgets[at]:
            rows[row % self._width] = candidate.grown(token, log_probability, bonus, end)

    def branch(self, log_probabilities: Samples, pulled: Samples, end: int) -> None:
        """Of all continuations keep the likeliest; those that end are put aside."""
        width = self._width
        self._parents = np.arange(len(pulled))
        for place, at in enumerate(self._utterances):
            if self._done(at):
                continue
            own = slice(place * width, (place + 1) * width)
            rows, live = self._live[at], list[Candidate]()
            for beam, token in self._likeliest(rows, pulled[own]):
                row = place * width + beam
                log_probability = float(log_probabilities[row, token])
                bonus = float(pulled[row, token]) - log_probability
                grown = rows[beam].grown(token, log_probability, bonus, end)
                if grown.ended:
                    self._ended[at].append(grown)
                    continue
                self._parents[place * width + len(live)] = row
                live.append(grown)
                if len(live) == width:
                    break
            self._live[at] = live

    def _likeliest(self, rows: Sequence[Candidate], pulled: Samples) -> list[tuple[int, int]]:
        """Twice as many continuations as there are beams, by beam and token, best first."""
        # All beams are the same before the first token: one stands for them.
        distinct = self._width if self._length else 1
        before = [[sum(row.log_probabilities) + row.bonus] for row in rows[:distinct]]
        totals = (pulled[:distinct] + np.array(before, np.float32)).reshape(-1)
        best = np.argpartition(totals, -2 * self._width)[-2 * self._width :]
        ordered: list[int] = best[np.argsort(-totals[best])].tolist()
        return [divmod(choice, pulled.shape[1]) for choice in ordered]

    def leave(self) -> bool:
        """Let utterances that are done go; whether any is left."""
        self._length += 1
        going_on = [place for place, at in enumerate(self._utterances) if not self._done(at)]
        if len(going_on) <= LEAVE_SHARE * len(self._utterances):
            width = self._width
            rows = np.concatenate(
                [np.arange(place * width, (place + 1) * width) for place in going_on]
                or [np.zeros(0, np.int64)]
            )
            self._heard = self._heard.select(going_on)
            self._parents = self._parents[rows]
            self._utterances = [self._utterances[place] for place in going_on]
        return bool(going_on)

    def step(self, network: WhisperNetwork, end: int) -> None:
        rows = [row for at in self._utterances for row in self._live[at]]
        tokens = np.array([[end if row.ended else row.tokens[-1]] for row in rows], np.int64)
        if not np.array_equal(self._parents, np.arange(len(self.logits))):
            self._memory = self._memory.select(self._parents)
        step = network.step(self._heard, self._memory, tokens)
        self._memory, self.logits = step.memory, step.logits
        self._parents = np.arange(len(rows))

    def answers(self) -> list[list[Candidate]]:
        """Best first."""
        found: list[list[Candidate]] = []
        for ended, live in zip(self._ended, self._live, strict=True):
            enough = [*best_first(ended), *live][: self._width]
            found.append(best_first(enough))
        return found

    def _done(self, at: int) -> bool:
        return (
            self._length >= self._budgets[at]
            or len(self._ended[at]) >= self._width
            or all(row.ended for row in self._live[at])
        )


def best_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: each.merit, reverse=True)
