"""What was heard in a piece of a recording, and the places of its words in the recording. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp

from app.asr.domain import Decoding, SpeechSpan
from app.asr.engines.ctc.engine import CtcRecognition
from app.asr.language_model import lm_form
from app.asr.recognition import Hypothesis, Recognition
from app.asr.text.words import Word
from app.asr.utterances import UNSPACED, SpokenWord


@dataclass(frozen=True, slots=True)
class Heard:
    span: SpeechSpan
    recognition: Recognition
    hypotheses: Sequence[Hypothesis]

    @classmethod
    def of(cls, span: SpeechSpan, recognition: Recognition) -> "Heard":
        return cls(span, recognition, _distinct(recognition.hypotheses))

    @property
    def raw(self) -> str:
        found = self.recognition
        return found.raw if isinstance(found, CtcRecognition) else self.hypotheses[0].text

    def words(self, rank: int = 0) -> Iterator[SpokenWord]:
        """Of a hypothesis. Where the piece has fewer, of the best; where words have no times,
        such as fill the piece."""
        hypothesis = self.hypotheses[rank if rank < len(self.hypotheses) else 0]
        language = self.recognition.language
        decoding = Decoding(
            hypothesis.tokens,
            hypothesis.log_probability,
            hypothesis.temperature,
            self.recognition.no_speech_probability,
        )
        if hypothesis.words:
            for word in hypothesis.words:
                start_s, end_s = self.span.start_s + word.start_s, self.span.start_s + word.end_s
                placed = Word(word.text.strip(), start_s, end_s, word.probability)
                own = replace(decoding, tokens=word.tokens)
                yield SpokenWord(placed, language, own, self.recognition.tags)
            return
        texts = [hypothesis.text] if language in UNSPACED else hypothesis.text.split()
        letters = sum(map(len, texts))
        at_s = self.span.start_s
        for text in filter(None, texts):
            share = len(text) / letters
            end_s = min(self.span.end_s, at_s + (self.span.end_s - self.span.start_s) * share)
            placed = Word(text, at_s, end_s, exp(min(0, hypothesis.log_probability)))
            yield SpokenWord(placed, language, decoding, self.recognition.tags)
            at_s, decoding = end_s, replace(decoding, tokens=())


def _distinct(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """What differs in commas and capitals alone is one hypothesis."""
    by_words = {lm_form(each.text): each for each in reversed(hypotheses)}
    kept = {id(each) for each in by_words.values()}
    return [each for each in hypotheses if id(each) in kept]
