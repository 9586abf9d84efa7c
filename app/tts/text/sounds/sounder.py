"""Who says the words of which language."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from threading import Lock

from app.tts.text.languages import Language
from app.tts.text.sounds.chinese import chinese_sounds
from app.tts.text.sounds.english import EnglishSounds
from app.tts.text.sounds.japanese import japanese_sounds
from app.tts.text.sounds.phrases import phrase_sounds
from app.tts.text.written.said import Said

Sounder = Callable[[Sequence[Said]], list[Said]]


class Sounders:
    """Dictionaries are read when they are first needed, and once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._english = cache(self._open_english)

    def __call__(self, words: Sequence[Said], language: Language) -> list[Said]:
        """The same words with their sounds; several that are said as one become one."""
        if language.is_english:
            with self._lock:
                english = self._english(language.espeak)
            return english(words)
        if language.espeak:
            return phrase_sounds(words, language.espeak)
        return japanese_sounds(words) if language.code == "ja" else chinese_sounds(words)

    def _open_english(self, accent: str) -> EnglishSounds:
        return EnglishSounds(self._folder, is_british=accent == "en")
