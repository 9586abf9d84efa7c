"""Language models, one file a language, `LANGUAGE.bin` or `.arpa`: the operator's, or else ours."""

import threading
from collections.abc import Mapping
from pathlib import Path

from app.asr.catalogue import Engine
from app.asr.language_model import LanguageModel, open_language_model

SUFFIXES = (".bin", ".binary", ".klm", ".arpa")


class LanguageModels:
    """Opened at their first use and kept: KenLM maps them into memory.

    `kept`: those that come with us, by language, for recognizers that spell by ear. Whisper has
    read more than they have.
    """

    def __init__(self, folder: Path, kept: Mapping[str, Path] | None = None) -> None:
        self._folder = folder
        self._kept = kept or {}
        self._opened: dict[Path, LanguageModel] = {}
        self._lock = threading.Lock()

    def path(self, language: str) -> Path | None:
        """The operator's."""
        files = (self._folder / f"{language}{suffix}" for suffix in SUFFIXES)
        return next((file for file in files if file.is_file()), None)

    def languages(self) -> frozenset[str]:
        """Those it has a model of."""
        found = frozenset(self._kept)
        if self._folder.is_dir():
            found |= {file.stem for file in self._folder.iterdir() if file.suffix in SUFFIXES}
        return found

    def find(self, language: str) -> LanguageModel | None:
        """The operator's. Blocks."""
        return self._open(self.path(language))

    def find_for(self, engine: Engine, language: str) -> LanguageModel | None:
        """The operator's or, for CTC, ours. Blocks."""
        ours = self._kept.get(language) if engine == "ctc" else None
        return self._open(self.path(language) or ours)

    def _open(self, path: Path | None) -> LanguageModel | None:
        if path is None:
            return None
        with self._lock:
            if path not in self._opened:
                self._opened[path] = open_language_model(path)
            return self._opened[path]
