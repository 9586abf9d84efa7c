"""Beam search by pyctcdecode: slower, and at home wherever Python is."""

from collections.abc import Sequence
from typing import Any

from pyctcdecode import decoder as library  # pyright: ignore[reportMissingTypeStubs]

from app.asr.engines.ctc.beams import (
    LEAST_BEAM,
    LEAST_TOKEN,
    UNKNOWN_WORD,
    Beam,
    Fusion,
    SearchOptions,
)
from app.asr.engines.ctc.vocabulary import Scores, Spoken

_library: Any = library


class PortableDecoder:
    def __init__(self, labels: Sequence[str], fusion: Fusion | None) -> None:
        if fusion is None:
            self._decoder = _library.build_ctcdecoder(list(labels))
            return
        self._decoder = _library.build_ctcdecoder(
            list(labels),
            kenlm_model_path=str(fusion.model.path),
            unigrams=fusion.model.words,
            alpha=fusion.alpha,
            beta=fusion.beta,
            unk_score_offset=UNKNOWN_WORD,
        )

    def beams(self, scores: Scores, options: SearchOptions) -> list[Beam]:
        found = self._decoder.decode_beams(
            scores,
            beam_width=options.beam_width,
            beam_prune_logp=LEAST_BEAM,
            token_min_logp=LEAST_TOKEN,
            prune_history=options.n_best == 1,
            hotwords=list(options.hotwords) or None,
            hotword_weight=options.hotword_weight,
        )
        return [
            Beam(
                text,
                tuple(Spoken(word, int(start), int(end)) for word, (start, end) in frames),
                float(acoustic_score),
                float(score),
            )
            for text, _, frames, acoustic_score, score in found[: options.n_best]
        ]
