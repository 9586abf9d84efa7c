"""espeak-ng: sounds of words in the languages it knows.

The library has one state for the whole process: calls take turns. It is under the GPL, version 3,
and nothing else here touches it.
"""

import ctypes
import re
from functools import cache, lru_cache
from threading import Lock

import espeakng_loader  # pyright: ignore[reportMissingTypeStubs]

_SYNCHRONOUS = 2
_NO_EXIT = 0x8000
_UTF_8 = 1
_IPA_TIED = 0x02 | 0x80 | (ord("^") << 8)
_LONGEST = 1000
_FLAG = re.compile(r"\([^()]*\)")
"""Where it goes over to another language, and back."""


class EspeakFailed(RuntimeError):
    """The library cannot be opened, or has no such language."""


class _Espeak:
    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_TextToPhonemes.argtypes = [
            ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int,
        ]  # fmt: skip
        self._lock = Lock()
        self._language = ""
        data = espeakng_loader.get_data_path().encode()
        if self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NO_EXIT) < 0:
            raise EspeakFailed("espeak-ng cannot be opened")

    def sounds(self, text: str, language: str) -> str:
        with self._lock:
            if language != self._language:
                if self._library.espeak_SetVoiceByName(language.encode()):
                    raise EspeakFailed(f"espeak-ng has no language {language!r}")
                self._language = language
            rest = ctypes.c_char_p(text.replace("\0", "")[:_LONGEST].encode())
            said: list[str] = []
            while rest.value:
                clause = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF_8, _IPA_TIED)
                said.append(clause.decode("utf-8", "replace"))
        return _FLAG.sub("", " ".join(said))


@cache
def _opened() -> _Espeak:
    return _Espeak()


@lru_cache(maxsize=20_000)
def espeak_sounds(text: str, language: str) -> str:
    """IPA, with `^` between the parts of one sound; words are divided by spaces."""
    return _opened().sounds(text, language)
