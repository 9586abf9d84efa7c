"""Language models that an operator installed: one file a language, `LANGUAGE.bin` or `.arpa`."""

import threading
from pathlib import Path

from app.asr.language_model import LanguageModel, open_language_model

SUFFIXES = (".bin", ".binary", ".klm", ".arpa")


class LanguageModels:
    """Opened at their first use and kept: KenLM maps them into memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: dict[Path, LanguageModel] = {}
        self._lock = threading.Lock()

    def path(self, language: str) -> Path | None:
        files = (self._folder / f"{language}{suffix}" for suffix in SUFFIXES)
        return next((file for file in files if file.is_file()), None)

    def languages(self) -> frozenset[str]:
        """Those it has a model of."""
        if not self._folder.is_dir():
            return frozenset()
        return frozenset(file.stem for file in self._folder.iterdir() if file.suffix in SUFFIXES)

    def find(self, language: str) -> LanguageModel | None:
        """Blocks."""
        path = self.path(language)
        if path is None:
            return None
        with self._lock:
            if path not in self._opened:
                self._opened[path] = open_language_model(path)
            return self._opened[path]
