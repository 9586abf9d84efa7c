"""Phrases that were spoken and are asked for again: greetings, fillers, backchannels. No model.

What one organization lets be said is found by that organization alone: how fast an answer comes
must not tell another that the phrase was said.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.tts.speech import Manner, Sentence, SpeechChunk

LONGEST_PHRASE = 80
"""Characters. What is longer is hardly ever said a second time."""
_BESIDE_SAMPLES = 1024
_OF_A_WORD = 512


@dataclass(frozen=True, slots=True)
class PhraseKey:
    """`owner`: an organization, or None for what is built in. The sentences as they were read, so
    that a changed pronunciation is another phrase. `model`: of which weights."""

    owner: UUID | None
    model: str
    sentences: tuple[Sentence, ...]
    manner: Manner


class PhraseCache:
    """The least recently used goes first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._phrases: OrderedDict[PhraseKey, tuple[SpeechChunk, ...]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._phrases)

    def find(self, key: PhraseKey) -> tuple[SpeechChunk, ...] | None:
        phrase = self._phrases.get(key)
        if phrase is not None:
            self._phrases.move_to_end(key)
        return phrase

    def keep(self, key: PhraseKey, chunks: Sequence[SpeechChunk]) -> None:
        size = _bytes_of(chunks)
        if size > self._most_bytes:
            return
        self.forget(key)
        self._phrases[key] = tuple(chunks)
        self.bytes += size
        while self.bytes > self._most_bytes:
            _, gone = self._phrases.popitem(last=False)
            self.bytes -= _bytes_of(gone)

    def clear(self) -> None:
        self._phrases.clear()
        self.bytes = 0

    def forget(self, key: PhraseKey) -> None:
        gone = self._phrases.pop(key, ())
        self.bytes -= _bytes_of(gone)


def _bytes_of(chunks: Sequence[SpeechChunk]) -> int:
    return sum(
        chunk.samples.nbytes + _BESIDE_SAMPLES + _OF_A_WORD * len(chunk.words) for chunk in chunks
    )
