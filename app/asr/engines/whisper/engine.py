"""Whisper as a recognizer: utterances in, words with times and probabilities out."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import msgspec
import numpy as np

from app.asr.engines.whisper.alignment import word_times
from app.asr.engines.whisper.config import Config
from app.asr.engines.whisper.features import SAMPLE_RATE, LogMel
from app.asr.engines.whisper.fusion import WordFusion
from app.asr.engines.whisper.network import Heard, WhisperNetwork
from app.asr.engines.whisper.rules import Hotwords, TokenRules, softmax, token_budget
from app.asr.engines.whisper.search import Candidate, Pull, Search, Start, best_first
from app.asr.engines.whisper.tokens import UNSPACED, Tokens, read_tokens
from app.asr.engines.whisper.voice import VoiceHeads
from app.asr.engines.whisper.window import (
    FRAMES_PER_S,
    LONGEST_S,
    OF_ENGLISH,
    OF_LANGUAGES,
    WHOLE,
    Silence,
    make_window,
    window_frames,
)
from app.asr.language_model import LanguageModel
from app.asr.recognition import (
    Hypothesis,
    LanguageNotSpoken,
    Recognition,
    RecognizerOptions,
    UtteranceTooLong,
    WhisperWindow,
    Word,
)
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxRuntime

FindLanguageModel = Callable[[str], LanguageModel | None]
"""Of words of a language; None where there is none."""
BATCH_FRAMES = 8000
"""Frames of all utterances of a batch together: more would not be faster."""
LONGEST_PROMPT = 223
SCRIPTS = {"hi": "नमस्ते, आप कैसे हैं? मैं ठीक हूँ।", "zh": "以下是普通话的句子。"}
"""Said before, so that small models do not write the language in letters of others."""
FALLBACK_ROWS = 5
COMPRESSION_LIMIT = 2.4
LOG_PROBABILITY_LIMIT = -1.0
NO_SPEECH_LIMIT, SILENCE_LIMIT = 0.6, -0.7
"""Speech, even under loud noise, is not at once so unlikely to be any and so poorly understood."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is the same for all utterances of a call."""

    options: RecognizerOptions
    prompt: list[int]
    hotwords: Hotwords | None


@dataclass(frozen=True, slots=True)
class _Opening:
    """What is known of a batch before its first word."""

    start: Start
    prefixes: list[list[int]]
    languages: list[str]
    language_probabilities: list[float]
    no_speech_probabilities: list[float]


class WhisperRecognizer:
    def __init__(
        self,
        network: WhisperNetwork,
        tokens: Tokens,
        config: Config,
        find_lm: FindLanguageModel,
        window: WhisperWindow,
        voice: VoiceHeads | None = None,
    ) -> None:
        self._network = network
        self._tokens = tokens
        self._find_lm = find_lm
        fitted = OF_LANGUAGES if tokens.multilingual else OF_ENGLISH
        self._silence = WHOLE if window == "full" else fitted
        self._voice = voice
        rules = TokenRules(tokens, config.suppress_ids, config.suppress_ids_begin)
        self._decoding = Search(network, rules, tokens.end)
        self._log_mel = LogMel(network.mels)

    @property
    def memory_bytes(self) -> int:
        return self._network.memory_bytes + (self._voice.memory_bytes if self._voice else 0)

    @property
    def device(self) -> str:
        return self._network.device

    @property
    def languages(self) -> Sequence[str]:
        return tuple(self._tokens.languages)

    def close(self) -> None:
        self._network.close()
        if self._voice:
            self._voice.close()

    def transcribe(
        self, utterances: Sequence[Samples], options: RecognizerOptions
    ) -> list[Recognition]:
        """In the order given. An utterance is heard the same whatever others come with it, but
        for rounding where the network computes in int8."""
        self._check(utterances, options)
        request = self._request(options)
        found: list[Recognition | None] = [None] * len(utterances)
        silence = WHOLE if options.window == "full" else self._silence
        for frames, places in _batches(utterances, silence):
            batch = [utterances[place] for place in places]
            for place, answer in zip(places, self._recognize(batch, frames, request), strict=True):
                found[place] = answer
        return [answer for answer in found if answer is not None]

    def _check(self, utterances: Sequence[Samples], options: RecognizerOptions) -> None:
        if options.language is not None and options.language not in self._tokens.languages:
            raise LanguageNotSpoken(
                f"The model does not know the language {options.language!r}.",
                language=options.language,
                known=list(self.languages),
            )
        longest_s = max((each.size for each in utterances), default=0) / SAMPLE_RATE
        if longest_s > LONGEST_S:
            raise UtteranceTooLong(
                f"An utterance has {LONGEST_S:g} s at most; one has {longest_s:.1f} s."
            )

    def _request(self, options: RecognizerOptions) -> _Request:
        tokens = self._tokens
        script = SCRIPTS.get(options.language or "", "") if options.task == "transcribe" else ""
        text = " ".join(filter(None, [script, ", ".join(options.hotwords), options.prompt.strip()]))
        prompt = tokens.encode(f" {text}")[-LONGEST_PROMPT:] if text else []
        hotwords = [tokens.encode(f" {word.strip()}") for word in options.hotwords if word.strip()]
        return _Request(
            options,
            [tokens.previous, *prompt] if prompt else [],
            Hotwords(hotwords, options.hotword_weight) if hotwords else None,
        )

    def _recognize(
        self, batch: Sequence[Samples], frames: int, request: _Request
    ) -> Iterator[Recognition]:
        window = make_window(frames, self._silence)
        mels = [self._log_mel.spectrogram(each, window.mel_frames) for each in batch]
        durations_s = [each.size / SAMPLE_RATE for each in batch]
        sound_frames = [_sound_frames(duration_s, frames) for duration_s in durations_s]
        encoded = self._network.encode(np.stack(mels), window, sound_frames)
        tags = self._voice.tags(encoded.pooled, durations_s) if self._voice else None
        opening = self._open(self._network.hear(encoded.states, window), request)
        answers = self._search(opening, durations_s, request)
        words: list[list[tuple[Word, ...]]] = [[() for _ in each] for each in answers]
        if request.options.word_times:
            words = self._align(opening, answers, durations_s)
        for at, candidates in enumerate(answers):
            yield Recognition(
                hypotheses=tuple(
                    self._hypothesis(candidate, times)
                    for candidate, times in zip(candidates, words[at], strict=True)
                ),
                language=opening.languages[at],
                language_probability=opening.language_probabilities[at],
                no_speech_probability=opening.no_speech_probabilities[at],
                tags=tags[at] if tags else {},
            )

    def _open(self, heard: Heard, request: _Request) -> _Opening:
        """The decoder is asked after its first token: is this speech, and in which language?"""
        tokens, count = self._tokens, heard.count
        first = np.array([[*request.prompt, tokens.start]] * count, np.int64)
        step = self._network.step(heard, None, first)
        no_speech = softmax(step.logits)[:, tokens.no_speech]
        names = list(tokens.languages)
        odds = softmax(step.logits[:, list(tokens.languages.values())])
        if request.options.language:
            chosen = [names.index(request.options.language)] * count
        else:
            chosen = odds.argmax(axis=-1).tolist()
        task = [tokens.tasks[request.options.task]]
        rest = [
            [tokens.languages[names[each]], *task] if tokens.multilingual else [] for each in chosen
        ]
        prefixes = [[tokens.start, *each, tokens.no_timestamps] for each in rest]
        after = np.array([prefix[1:] for prefix in prefixes], np.int64)
        step = self._network.step(heard, step.memory, after)
        languages = [names[each] for each in chosen]
        return _Opening(
            Start(heard, step.memory, step.logits, self._pulls(languages, request)),
            prefixes,
            languages,
            [float(odds[row, each]) for row, each in enumerate(chosen)],
            no_speech.tolist(),
        )

    def _pulls(self, languages: Sequence[str], request: _Request) -> list[list[Pull]]:
        """Of each utterance, in the language that it is written in."""
        written = _written(languages, request)
        fusions: dict[str, WordFusion] = {}
        if weights := request.options.fusion:
            for language in set(written) - UNSPACED:
                if language_model := self._find_lm(language):
                    fusions[language] = WordFusion(self._tokens, language_model, weights)
        return [
            [pull for pull in (request.hotwords, fusions.get(language)) if pull is not None]
            for language in written
        ]

    def _search(
        self, opening: _Opening, durations_s: Sequence[float], request: _Request
    ) -> list[list[Candidate]]:
        """Ever higher temperatures for those whose answer is unlikely, repeats itself or does not
        end."""
        options = request.options
        width = max(options.beam_width, options.n_best)
        written = _written(opening.languages, request)
        budgets = [
            token_budget(duration_s, language)
            for duration_s, language in zip(durations_s, written, strict=True)
        ]
        best: dict[int, list[Candidate]] = {}
        places = list(range(len(budgets)))
        for temperature in options.temperatures:
            start = opening.start if not best else opening.start.select(places)
            asked = [budgets[place] for place in places]
            if temperature or width == 1:
                rows = max(width, FALLBACK_ROWS) if temperature else 1
                answers = self._decoding.sample(start, asked, temperature, rows)
            else:
                answers = self._decoding.beam(start, asked, width)
            for place, answer in zip(places, answers, strict=True):
                before = best.get(place)
                if before is None or self._merit(answer[0]) > self._merit(before[0]):
                    best[place] = answer
            places = [place for place in places if self._is_doubtful(best[place][0])]
            places = [place for place in places if not self._is_silence(opening, place, best)]
            if not places:
                break
        return [
            [Candidate()]
            if self._is_silence(opening, at, best)
            else self._distinct(best[at], options)
            for at in range(len(budgets))
        ]

    def _is_doubtful(self, candidate: Candidate) -> bool:
        is_unlikely = candidate.log_probability < LOG_PROBABILITY_LIMIT
        return is_unlikely or not candidate.ended or self._repeats(candidate)

    def _is_silence(self, opening: _Opening, at: int, best: dict[int, list[Candidate]]) -> bool:
        return (
            opening.no_speech_probabilities[at] > NO_SPEECH_LIMIT
            and best[at][0].log_probability < SILENCE_LIMIT
        )

    def _merit(self, candidate: Candidate) -> tuple[bool, bool, float]:
        return not self._repeats(candidate), *candidate.merit

    def _repeats(self, candidate: Candidate) -> bool:
        text = self._text(candidate).encode()
        return bool(text) and len(text) / len(zlib.compress(text)) > COMPRESSION_LIMIT

    def _distinct(
        self, candidates: Sequence[Candidate], options: RecognizerOptions
    ) -> list[Candidate]:
        by_text = {self._text(candidate): candidate for candidate in reversed(candidates)}
        return best_first(by_text.values())[: options.n_best]

    def _hypothesis(self, candidate: Candidate, words: tuple[Word, ...]) -> Hypothesis:
        return Hypothesis(
            self._text(candidate),
            candidate.log_probability,
            words,
            tuple(candidate.tokens),
            candidate.temperature,
        )

    def _text(self, candidate: Candidate) -> str:
        return self._tokens.decode(candidate.tokens).strip()

    def _align(
        self,
        opening: _Opening,
        answers: Sequence[Sequence[Candidate]],
        durations_s: Sequence[float],
    ) -> list[list[tuple[Word, ...]]]:
        """The decoder reads all answers once more and shows where it looks."""
        heard = opening.start.heard
        width = max(map(len, answers))
        length = max(len(each.tokens) for answer in answers for each in answer)
        rows = [
            [*prefix, *tokens, *[self._tokens.end] * (length - len(tokens))]
            for prefix, answer in zip(opening.prefixes, answers, strict=True)
            for at in range(width)
            for tokens in [answer[min(at, len(answer) - 1)].tokens]
        ]
        looks = self._network.step(heard, None, np.array(rows, np.int64)).attention
        utterances, heads, _, frames = looks.shape
        looks = looks.reshape(utterances, heads, width, -1, frames)
        begin = len(opening.prefixes[0]) - 1
        return [
            [
                word_times(
                    looks[at, :, row, begin:, : _sound_frames(durations_s[at], frames)][
                        :, : len(candidate.tokens) + 1
                    ],
                    self._tokens.words(candidate.tokens, opening.languages[at]),
                    np.exp(candidate.log_probabilities).tolist(),
                    durations_s[at],
                )
                for row, candidate in enumerate(answer)
            ]
            for at, answer in enumerate(answers)
        ]


def load_whisper(
    folder: Path,
    runtime: OnnxRuntime,
    find_lm: FindLanguageModel = lambda _: None,
    window: WhisperWindow = "fitted",
    voice: VoiceHeads | None = None,
) -> WhisperRecognizer:
    """Of a folder that the recipe `whisper-onnx` made. `voice` are heads that were trained on
    the same encoder."""
    kind = "float" if runtime.has_cuda else "int8"
    encoder, cross, decoder = (
        runtime.open(folder / f"{name}.{kind}.onnx") for name in ("encoder", "cross", "decoder")
    )
    network = WhisperNetwork(encoder, cross, decoder, 2 if kind == "float" else 1)
    config = msgspec.json.decode((folder / "config.json").read_bytes(), type=Config)
    tokens = read_tokens(folder / "vocabulary.txt")
    return WhisperRecognizer(network, tokens, config, find_lm, window, voice)


def _written(languages: Sequence[str], request: _Request) -> Sequence[str]:
    """In which each utterance is, whatever is spoken."""
    return ["en"] * len(languages) if request.options.task == "translate" else languages


def _batches(utterances: Sequence[Samples], silence: Silence) -> Iterator[tuple[int, list[int]]]:
    """Places of utterances that are heard in a window of the same length."""

    def frames(place: int) -> int:
        return window_frames(utterances[place].size / SAMPLE_RATE, silence)

    for count, group in groupby(sorted(range(len(utterances)), key=frames), key=frames):
        places = list(group)
        size = max(1, BATCH_FRAMES // count)
        for first in range(0, len(places), size):
            yield count, places[first : first + size]


def _sound_frames(duration_s: float, frames: int) -> int:
    return max(1, min(frames, round(duration_s * FRAMES_PER_S)))
