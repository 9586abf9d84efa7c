"""Beam search by ctc-beam-decoder, through its C interface (ctc_beam_decoder.h, version 2).

Its own Python makes objects of every beam that is left, which takes a sixth of the time of a
search; here only the beams that were asked for become objects.
"""

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int32, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from app.asr.engines.ctc.beams import (
    LEAST_BEAM,
    LEAST_TOKEN,
    UNKNOWN_WORD,
    Beam,
    Fusion,
    SearchOptions,
)
from app.asr.engines.ctc.vocabulary import Scores, Spoken
from app.core.errors import Unavailable

PACKAGE = "ctc_beam_decoder"
INTERFACE = 2
LEAST_LOG_PROBABILITY = np.float32(np.log(1e-15))
_MESSAGE_BYTES = 512
_STRINGS, _INTEGERS, _DOUBLES = POINTER(c_char_p), POINTER(c_int32), POINTER(c_double)


class SearchFailed(Unavailable):
    """The library refused; the message is its own."""


@cache
def native_library() -> ctypes.CDLL | None:
    """None where there is no build of it that this machine can load."""
    package = find_spec(PACKAGE)
    folder = Path(package.origin).parent if package and package.origin else Path()
    for file in folder.glob(f"*{PACKAGE}.*") if package else ():
        try:
            library = ctypes.CDLL(str(file))
        except OSError:
            return None
        if library.ctcbd_abi_version() != INTERFACE:
            return None
        _declare(library)
        return library
    return None


class NativeDecoder:
    """Any number of threads may search with one."""

    def __init__(self, labels: Sequence[str], fusion: Fusion | None) -> None:
        library = native_library()
        assert library is not None
        self._library = library
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        if fusion is None:
            handle = library.ctcbd_create(_strings(labels), len(labels), message, _MESSAGE_BYTES)
        else:
            words = fusion.model.words
            handle = library.ctcbd_create_with_lm(
                _strings(labels),
                len(labels),
                str(fusion.model.path).encode(),
                None if words is None else _strings(words),
                len(words or ()),
                fusion.alpha,
                fusion.beta,
                UNKNOWN_WORD,
                1,
                message,
                _MESSAGE_BYTES,
            )
        if not handle:
            raise SearchFailed(message.value.decode("utf-8", "replace"))
        self._handle = c_void_p(handle)

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self._library.ctcbd_free(self._handle)

    def beams(self, scores: Scores, options: SearchOptions) -> list[Beam]:
        clipped = np.ascontiguousarray(np.clip(scores, LEAST_LOG_PROBABILITY, 0), np.float32)
        message = ctypes.create_string_buffer(_MESSAGE_BYTES)
        found = self._library.ctcbd_decode(
            self._handle,
            clipped.ctypes.data_as(POINTER(c_float)),
            *clipped.shape,
            options.beam_width,
            LEAST_BEAM,
            LEAST_TOKEN,
            options.n_best == 1,
            _strings(options.hotwords),
            len(options.hotwords),
            options.hotword_weight,
            message,
            _MESSAGE_BYTES,
        )
        if not found:
            raise SearchFailed(message.value.decode("utf-8", "replace"))
        result = c_void_p(found)
        try:
            return self._unpack(result, options.n_best)
        finally:
            self._library.ctcbd_result_free(result)

    def _unpack(self, result: c_void_p, most: int) -> list[Beam]:
        count, words, size = c_int32(), c_int32(), c_int32()
        self._library.ctcbd_sizes(result, byref(count), byref(words), byref(size))
        text = ctypes.create_string_buffer(max(1, size.value))
        words_of_beams = (c_int32 * count.value)()
        frames = (c_int32 * (2 * words.value))()
        acoustic, combined = (c_double * count.value)(), (c_double * count.value)()
        self._library.ctcbd_pack(result, text, words_of_beams, frames, acoustic, combined)
        beams: list[Beam] = []
        at = 0
        for place, line in enumerate(text.raw.split(b"\0", most)[: min(most, count.value)]):
            of_beam = range(at, at + words_of_beams[place])
            at = of_beam.stop
            said = line.decode()
            spoken = tuple(
                Spoken(word, frames[2 * each], frames[2 * each + 1])
                for word, each in zip(said.split(), of_beam, strict=True)
            )
            beams.append(Beam(said, spoken, acoustic[place], combined[place]))
        return beams


def _strings(items: Sequence[str]) -> Any:
    return (c_char_p * max(1, len(items)))(*(item.encode() for item in items))


def _declare(library: ctypes.CDLL) -> None:
    message: list[Any] = [c_char_p, c_int32]
    labels: list[Any] = [_STRINGS, c_int32]
    library.ctcbd_create.argtypes = [*labels, *message]
    library.ctcbd_create.restype = c_void_p
    fusion: list[Any] = [c_char_p, _STRINGS, c_int32, c_double, c_double, c_double, c_int32]
    library.ctcbd_create_with_lm.argtypes = [*labels, *fusion, *message]
    library.ctcbd_create_with_lm.restype = c_void_p
    library.ctcbd_free.argtypes = [c_void_p]
    library.ctcbd_free.restype = None
    matrix: list[Any] = [POINTER(c_float), c_int32, c_int32]
    limits: list[Any] = [c_int32, c_double, c_double, c_int32]
    hotwords: list[Any] = [_STRINGS, c_int32, c_double]
    library.ctcbd_decode.argtypes = [c_void_p, *matrix, *limits, *hotwords, *message]
    library.ctcbd_decode.restype = c_void_p
    library.ctcbd_sizes.argtypes = [c_void_p, _INTEGERS, _INTEGERS, _INTEGERS]
    library.ctcbd_sizes.restype = None
    library.ctcbd_pack.argtypes = [c_void_p, c_char_p, _INTEGERS, _INTEGERS, _DOUBLES, _DOUBLES]
    library.ctcbd_pack.restype = None
    library.ctcbd_result_free.argtypes = [c_void_p]
    library.ctcbd_result_free.restype = None
