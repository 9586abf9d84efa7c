"""What is to be said and what comes out: the types between text, engines and callers. Pure."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.core.audio.convert import Samples

SAMPLE_RATE = 24000


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of the text as it was written, and the sounds that say it.

    `text[begin:end]` of the caller's text is what it stands for: several words where one was
    written ("4500" is said in four) share the place. `sounds` are in Kokoro's alphabet, with the
    punctuation that follows; empty for engines that read text.
    """

    text: str
    begin: int
    end: int
    sounds: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is synthesized in one go. `pause_s`: silence that the text asks for behind it."""

    words: tuple[SpokenWord, ...]
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is said. What an engine cannot do it leaves, and says so (`Engine.ignores`)."""

    voice: str
    language: str
    speed: float = 1.0
    temperature: float = 0.6
    top_k: int = 50
    exaggeration: float = 0.0
    instruct: str = ""
    hundreds: bool = False
    """"4500" is said "forty-five hundred", where the language has that."""


@dataclass(frozen=True, slots=True)
class TimedSound:
    """One phoneme, from and until when it is heard, since the beginning of the utterance."""

    sound: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class TimedWord:
    text: str
    begin: int
    end: int
    start_s: float
    end_s: float
    sounds: tuple[TimedSound, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """Sound at SAMPLE_RATE that follows the chunk before without a gap, and the words that begin
    in it."""

    samples: Samples
    words: tuple[TimedWord, ...] = ()


class Engine(Protocol):
    """One way to speak. Cancelling the iteration stops the work within one chunk."""

    @property
    def ignores(self) -> frozenset[str]:
        """Fields of `Manner` that change nothing."""
        ...

    def speak(
        self, sentences: Sequence[Sentence], manner: Manner
    ) -> AsyncGenerator[SpeechChunk, None]: ...
