"""A transducer as a recognizer: utterances in, words with times and probabilities out."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import sherpa_onnx  # pyright: ignore[reportMissingTypeStubs]

from app.asr.engines.sherpa.cards import TransducerCard, memory_bytes, read_tokens
from app.asr.engines.sherpa.feeding import feed
from app.asr.engines.sherpa.words import Heard, words_of
from app.asr.recognition import (
    SAMPLE_RATE,
    Hypothesis,
    LanguageNotSpoken,
    Recognition,
    RecognizerOptions,
)
from app.asr.utterances import UNSPACED
from app.core.audio.convert import Samples
from app.inference.onnx import ModelClosed

SHORTEST_SAMPLES = SAMPLE_RATE // 4
"""Convolutions at the front of the graphs fail on less."""
TAIL = np.zeros(SAMPLE_RATE, np.float32)
"""A streaming graph looks ahead: it tells the last word only once sound has followed."""

_sherpa: Any = sherpa_onnx


class _Decoder(Protocol):
    def decode(self, utterances: Sequence[Samples], hotwords: str) -> list[Heard]: ...


class TransducerRecognizer:
    """One thread a call: a pool of the library would spin between calls, and the lanes of the
    executor already run several calls at once."""

    device = "cpu"

    def __init__(self, folder: Path, card: TransducerCard) -> None:
        self.memory_bytes = memory_bytes(folder, card)
        self._card = card
        tokens = "".join(read_tokens(folder / card.tokens))
        self._has_capitals_only = tokens == tokens.upper()
        self._has_small_only = tokens == tokens.lower()
        decoder = _StreamingDecoder if card.streaming else _WholeDecoder
        self._decoder: _Decoder | None = decoder(folder, card)

    @property
    def languages(self) -> Sequence[str]:
        return self._card.languages

    def close(self) -> None:
        """Calls under way finish; the memory goes with the last of them."""
        self._decoder = None

    def transcribe(
        self, utterances: Sequence[Samples], options: RecognizerOptions
    ) -> list[Recognition]:
        decoder = self._decoder
        if decoder is None:
            raise ModelClosed(f"{self._card.title} is unloaded")
        language = options.language or self._card.languages[0]
        if language not in self._card.languages:
            raise LanguageNotSpoken(
                f"{self._card.title} does not know {language!r}",
                languages=list(self._card.languages),
            )
        if not utterances:
            return []
        padded = [np.pad(each, (0, max(0, SHORTEST_SAMPLES - each.size))) for each in utterances]
        answers = decoder.decode(padded, self._spelled_hotwords(options))
        return [
            self._recognition(heard, samples.size / SAMPLE_RATE, language)
            for heard, samples in zip(answers, utterances, strict=True)
        ]

    def _recognition(self, heard: Heard, duration_s: float, language: str) -> Recognition:
        """Where the vocabulary has capitals only, small letters: capitals say nothing then."""
        if self._has_capitals_only:
            heard = Heard(
                [token if token.startswith("<0x") else token.lower() for token in heard.tokens],
                heard.times_s,
                heard.log_probabilities,
            )
        words = words_of(heard, duration_s, unspaced=language in UNSPACED)
        return Recognition(
            (Hypothesis(heard.text, heard.log_probability, tuple(words)),),
            language=language,
            language_probability=1.0,
            no_speech_probability=0.0 if words else 1.0,
        )

    def _spelled_hotwords(self, options: RecognizerOptions) -> str:
        """As the library reads them: phrases between slashes, each with what its tokens gain."""
        if self._card.beam == 1:
            return ""
        phrases = (" ".join(re.sub(r"[/:#@]", " ", each).split()) for each in options.hotwords)
        cased = map(self._cased, filter(None, phrases))
        return "/".join(f"{phrase} :{options.hotword_weight:.3f}" for phrase in cased)

    def _cased(self, phrase: str) -> str:
        if self._has_capitals_only:
            return phrase.upper()
        return phrase.lower() if self._has_small_only else phrase


class _WholeDecoder:
    def __init__(self, folder: Path, card: TransducerCard) -> None:
        # Without `model_type` the encoder tells whether it is of icefall or of NeMo.
        self._recognizer = _sherpa.OfflineRecognizer.from_transducer(
            model_type="", **_arguments(folder, card)
        )

    def decode(self, utterances: Sequence[Samples], hotwords: str) -> list[Heard]:
        streams = [_stream(self._recognizer, hotwords) for _ in utterances]
        for stream, samples in zip(streams, utterances, strict=True):
            stream.accept_waveform(SAMPLE_RATE, samples)
        self._recognizer.decode_streams(streams)
        results = [stream.result for stream in streams]
        return [Heard(each.tokens, each.timestamps, each.ys_log_probs) for each in results]


class _StreamingDecoder:
    def __init__(self, folder: Path, card: TransducerCard) -> None:
        self._recognizer = _sherpa.OnlineRecognizer.from_transducer(**_arguments(folder, card))

    def decode(self, utterances: Sequence[Samples], hotwords: str) -> list[Heard]:
        recognizer = self._recognizer
        streams = [_stream(recognizer, hotwords) for _ in utterances]
        for stream, samples in zip(streams, utterances, strict=True):
            feed(stream, np.concatenate((samples, TAIL)))
        while ready := [stream for stream in streams if recognizer.is_ready(stream)]:
            recognizer.decode_streams(ready)
        results = [recognizer.get_result_all(stream) for stream in streams]
        return [Heard(each.tokens, each.timestamps, each.ys_probs) for each in results]


def _arguments(folder: Path, card: TransducerCard) -> dict[str, Any]:
    return {
        "encoder": str(folder / card.encoder),
        "decoder": str(folder / card.decoder),
        "joiner": str(folder / card.joiner),
        "tokens": str(folder / card.tokens),
        "num_threads": 1,
        "sample_rate": card.sample_rate,
        "feature_dim": card.mels,
        "decoding_method": "greedy_search" if card.beam == 1 else "modified_beam_search",
        "max_active_paths": card.beam,
        "modeling_unit": card.unit,
        "bpe_vocab": str(folder / card.bpe) if card.bpe else "",
    }


def _stream(recognizer: Any, hotwords: str) -> Any:
    return recognizer.create_stream(hotwords) if hotwords else recognizer.create_stream()
