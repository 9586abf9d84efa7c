"""A CTC model as a recognizer: utterances in, words with times and probabilities out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from app.asr.engines.ctc.beams import Beam, SearchOptions
from app.asr.engines.ctc.card import Card, Head, read_card
from app.asr.engines.ctc.features import FeatureArray, extractor
from app.asr.engines.ctc.search import BeamSearch
from app.asr.engines.ctc.vocabulary import Columns, Scores, Spoken, log_softmax
from app.asr.language_model import LanguageModel
from app.asr.recognition import (
    Hypothesis,
    LanguageNotSpoken,
    Recognition,
    RecognizerOptions,
    Tag,
    Tags,
    Word,
    likeliest,
)
from app.core.audio.convert import Samples
from app.core.errors import Unavailable
from app.inference.onnx import Array, OnnxModel, OnnxRuntime

SHORTEST_SAMPLES = 1600
"""A tenth of a second: graphs refuse less."""


class GraphUnlikeCard(Unavailable):
    """The graph has not the inputs, outputs, columns or scores that its card says."""


@dataclass(frozen=True, slots=True)
class CtcRecognition(Recognition):
    """`raw` holds the events in line."""

    raw: str = ""
    events: tuple[Word, ...] = ()
    decoder: str = "greedy"


@dataclass(frozen=True, slots=True)
class _Heard:
    """Log-probabilities of the columns in each frame, and what the heads say."""

    scores: Scores
    tags: Tags


class Front(Protocol):
    """Turns utterances into what the graph is fed with, each (features, frames)."""

    @property
    def memory_bytes(self) -> int: ...

    def close(self) -> None: ...

    def __call__(self, utterances: Sequence[Samples]) -> list[FeatureArray]: ...


class OwnFeatures:
    """Features computed here, by no other model."""

    memory_bytes = 0

    def __init__(self, card: Card) -> None:
        self._extract = extractor(card.features)

    def __call__(self, utterances: Sequence[Samples]) -> list[FeatureArray]:
        return [self._extract(samples) for samples in utterances]

    def close(self) -> None:
        pass


class CtcRecognizer:
    def __init__(
        self,
        graph: OnnxModel,
        card: Card,
        front: Front,
        language_model: LanguageModel | None = None,
    ) -> None:
        self._graph = graph
        self._card = card
        self._front = front
        self._columns = Columns(card.vocabulary)
        self._search = BeamSearch(self._columns.labels, language_model)
        self._check()

    @property
    def memory_bytes(self) -> int:
        return self._graph.memory_bytes + self._front.memory_bytes

    @property
    def device(self) -> str:
        return self._graph.device

    @property
    def languages(self) -> Sequence[str]:
        return self._card.languages

    def close(self) -> None:
        self._graph.close()
        self._front.close()

    @property
    def labels(self) -> Sequence[str]:
        return self._columns.labels

    def scores(self, utterances: Sequence[Samples]) -> list[Scores]:
        """Log-probabilities of the labels in each frame: what a search is given."""
        heard = self._hear([_long_enough(samples) for samples in utterances])
        return [self._columns.of_words(each.scores) for each in heard]

    def transcribe(
        self,
        utterances: Sequence[Samples],
        options: RecognizerOptions,
        search: SearchOptions | None = None,
    ) -> list[CtcRecognition]:
        """`search` says more than the options that all recognizers know; without it, they do."""
        language = options.language or self._card.languages[0]
        if language not in self._card.languages:
            raise LanguageNotSpoken(
                f"{self._card.title} does not know {language!r}",
                languages=list(self._card.languages),
            )
        search = search or SearchOptions(
            mode="greedy" if options.beam_width == 1 else "balanced",
            beam_width=options.beam_width,
            n_best=options.n_best,
            hotwords=options.hotwords,
            hotword_weight=options.hotword_weight,
        )
        heard = self._hear([_long_enough(samples) for samples in utterances])
        return [
            self._recognition(each, search, language, with_words=options.word_times)
            for each in heard
        ]

    def _check(self) -> None:
        wanted = {self._card.outputs.scores, self._card.outputs.length or self._card.outputs.scores}
        wanted |= {head.output for head in self._card.heads.values()}
        missing = wanted - set(self._graph.outputs)
        missing |= {self._card.inputs.signal} - set(self._graph.inputs)
        if missing:
            raise GraphUnlikeCard(f"{self._card.graph} has no {', '.join(sorted(missing))}")

    def _hear(self, utterances: Sequence[Samples]) -> list[_Heard]:
        """A graph that takes no lengths hears one utterance at a time: padding would be sound."""
        features = self._front(utterances) if utterances else []
        if self._card.inputs.length:
            return self._run(features) if features else []
        return [heard for each in features for heard in self._run([each])]

    def _run(self, features: Sequence[FeatureArray]) -> list[_Heard]:
        lengths = np.array([each.shape[-1] for each in features], np.int64)
        batch = np.zeros((len(features), *features[0].shape[:-1], lengths.max()), np.float32)
        for row, each in enumerate(features):
            batch[row, ..., : each.shape[-1]] = each
        feeds: dict[str, Array] = {self._card.inputs.signal: batch}
        if self._card.inputs.length:
            feeds[self._card.inputs.length] = lengths
        outputs = dict(zip(self._graph.outputs, self._graph.run(feeds), strict=True))
        scores = outputs[self._card.outputs.scores]
        if scores.shape[-1] != len(self._columns):
            raise GraphUnlikeCard(
                f"{self._card.graph} has {scores.shape[-1]} columns, the card {len(self._columns)}"
            )
        frames = self._frames(outputs, lengths.tolist(), scores.shape[1])
        return [
            _Heard(
                log_softmax(scores[row, : frames[row]].astype(np.float32)),
                {
                    name: _tag(outputs[head.output][row], head)
                    for name, head in self._card.heads.items()
                },
            )
            for row in range(len(features))
        ]

    def _frames(
        self, outputs: Mapping[str, Array], lengths: Sequence[int], longest: int
    ) -> list[int]:
        """How many frames of each row are its own; the rest is padding."""
        if self._card.outputs.length:
            return [int(length) for length in outputs[self._card.outputs.length]]
        return [-(-length * longest // max(lengths)) for length in lengths]

    def _recognition(
        self, heard: _Heard, search: SearchOptions, language: str, *, with_words: bool
    ) -> CtcRecognition:
        of_words = self._columns.of_words(heard.scores)
        if search.is_greedy:
            beams = [self._best_path(of_words)]
        else:
            beams = self._search.beams(of_words, search)
        hypotheses = [self._hypothesis(beam, of_words, with_words=with_words) for beam in beams]
        is_silent = not any(beam.text for beam in beams)
        blank = of_words[:, self._columns.blank]
        return CtcRecognition(
            hypotheses=tuple(hypotheses) or (Hypothesis("", 0.0),),
            language=language,
            language_probability=1.0,
            no_speech_probability=float(np.exp(blank.mean())) if is_silent else 0.0,
            raw=self._columns.raw(heard.scores),
            events=tuple(self._word(event, 1.0) for event in self._columns.events(heard.scores)),
            tags=heard.tags,
            decoder=self._search.name(search),
        )

    def _best_path(self, of_words: Scores) -> Beam:
        words = tuple(self._columns.best_path(of_words))
        score = float(of_words.max(axis=1).sum())
        return Beam(" ".join(word.text for word in words), words, score, score)

    def _hypothesis(self, beam: Beam, of_words: Scores, *, with_words: bool) -> Hypothesis:
        words = [
            self._word(word, self._columns.certainty(word, of_words))
            for word in (beam.words if with_words else ())
        ]
        return Hypothesis(
            text=beam.text,
            log_probability=beam.acoustic_score / max(1, len(beam.text)),
            words=tuple(words),
        )

    def _word(self, spoken: Spoken, probability: float) -> Word:
        times = self._card.times
        start_s, end_s = (
            max(0.0, (frame * times.stride_ms + times.offset_ms) / 1000)
            for frame in (spoken.start, spoken.end)
        )
        return Word(spoken.text, start_s, end_s, probability)


def load_ctc(
    folder: Path,
    runtime: OnnxRuntime,
    front: Callable[[Card], Front] = OwnFeatures,
    language_model: LanguageModel | None = None,
) -> CtcRecognizer:
    """`front` makes features that take another model: the states of Whisper's encoder."""
    card = read_card(folder)
    graph = runtime.open(folder / card.graph)
    return CtcRecognizer(graph, card, front(card), language_model)


def _long_enough(samples: Samples) -> Samples:
    return np.pad(samples, (0, max(0, SHORTEST_SAMPLES - samples.size)))


def _tag(scores: Array, head: Head) -> Tag:
    if scores.shape != (len(head.labels),) or not np.isfinite(scores).all():
        raise GraphUnlikeCard(
            f"{head.output} is not a finite score for each of {len(head.labels)} labels"
        )
    shares = np.exp(log_softmax(scores.astype(np.float32)))
    probabilities = dict(zip(head.labels, map(float, shares), strict=True))
    return Tag(likeliest(probabilities), probabilities)
