"""A transcript in the words of Deepgram's API."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from app.api.compat.deepgram_asked import RecordingAsked
from app.asr.domain import Transcript
from app.asr.rendering import timed_words
from app.asr.text.folding import bare
from app.asr.text.words import Word
from app.asr.utterances import space_of
from app.core.clock import utc_now

PARAGRAPH_PAUSE_S = 1.5
PARAGRAPH_SENTENCES = 4
_SENTENCE = re.compile(r"[.?!।。？！…]$")  # noqa: RUF001


class HeardWord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    word: str
    start: float
    end: float
    confidence: float
    punctuated_word: str | None = None
    speaker: int | None = None


Words = Sequence[HeardWord]


def heard_word(word: Word, *, is_written: bool, speaker: int | None = None) -> HeardWord:
    return HeardWord(
        word=bare(word.text)[1].lower() or word.text,
        start=round(word.start_s, 3),
        end=round(word.end_s, 3),
        confidence=round(word.confidence, 4),
        punctuated_word=word.text if is_written else None,
        speaker=speaker,
    )


def text_of(words: Words, language: str) -> str:
    return space_of(language).join(word.punctuated_word or word.word for word in words)


def confidence_of(words: Words) -> float:
    return round(sum(word.confidence for word in words) / max(1, len(words)), 4)


def model_info(name: str, weights: str) -> tuple[str, dict[str, str]]:
    """The id is made of the name: the same everywhere and always."""
    return str(uuid5(NAMESPACE_URL, name)), {"name": name, "version": weights, "arch": "whisper"}


def created_now() -> str:
    return utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def warnings_of(passed_over: Sequence[str]) -> dict[str, Any]:
    """Of parameters that are not known here, where there were such."""
    warnings = [
        {
            "parameter": name,
            "type": "unsupported_parameter",
            "message": "This server does not know the parameter; it changes nothing",
        }
        for name in passed_over
    ]
    return {"warnings": warnings} if warnings else {}


def recording_answer(
    transcript: Transcript,
    asked: RecordingAsked,
    request_id: str,
    sha256: str,
    passed_over: Sequence[str],
) -> dict[str, Any]:
    language = transcript.language
    words = [*_words(transcript, is_written=asked.is_written)]
    alternative: dict[str, Any] = {
        "transcript": text_of(words, language),
        "confidence": confidence_of(words),
        "words": words,
    }
    if asked.paragraphs or asked.smart_format:
        alternative["paragraphs"] = _paragraphs(words, language)
    channel: dict[str, Any] = {"alternatives": [alternative]}
    if asked.detects:
        channel["detected_language"] = language
        channel["language_confidence"] = round(transcript.language_probability, 4)
    results: dict[str, Any] = {"channels": [channel]}
    if asked.utterances:
        results["utterances"] = [*_utterances(words, language, asked.utt_split)]
    metadata = _metadata(transcript, asked, request_id, sha256)
    return {"metadata": metadata | warnings_of(passed_over), "results": results}


def _metadata(
    transcript: Transcript, asked: RecordingAsked, request_id: str, sha256: str
) -> dict[str, Any]:
    model_id, info = model_info(transcript.model, transcript.weights)
    return {
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": sha256,
        "created": created_now(),
        "duration": transcript.duration_s,
        "channels": 1,
        "models": [model_id],
        "model_info": {model_id: info},
        **({"tags": [*asked.tag]} if asked.tag else {}),
    }


def _words(transcript: Transcript, *, is_written: bool) -> Iterator[HeardWord]:
    for segment in transcript.segments:
        speaker = int(segment.speaker.rpartition("_")[2]) if segment.speaker else None
        for word in timed_words(segment):
            yield heard_word(word, is_written=is_written, speaker=speaker)


def _utterances(words: Words, language: str, pause_s: float) -> Iterator[dict[str, Any]]:
    """What one speaker says without a longer pause."""
    for run in _runs(words, pause_s):
        utterance: dict[str, Any] = {
            "start": run[0].start,
            "end": run[-1].end,
            "confidence": confidence_of(run),
            "channel": 0,
            "transcript": text_of(run, language),
            "words": run,
            "id": str(uuid4()),
        }
        yield utterance | _speaker_of(run)


def _paragraphs(words: Words, language: str) -> dict[str, Any]:
    shown: list[dict[str, Any]] = []
    for run in _runs(words, PARAGRAPH_PAUSE_S):
        sentences = [*_sentences(run)]
        for first in range(0, len(sentences), PARAGRAPH_SENTENCES):
            chosen = sentences[first : first + PARAGRAPH_SENTENCES]
            shown.append(_paragraph(chosen, language) | _speaker_of(run))
    space = space_of(language)
    texts = [space.join(sentence["text"] for sentence in each["sentences"]) for each in shown]
    for each, text in enumerate(texts):
        if "speaker" in shown[each]:
            texts[each] = f"Speaker {shown[each]['speaker']}: {text}"
    return {"transcript": "\n\n".join(texts), "paragraphs": shown}


def _paragraph(sentences: Sequence[Words], language: str) -> dict[str, Any]:
    return {
        "sentences": [
            {"text": text_of(words, language), "start": words[0].start, "end": words[-1].end}
            for words in sentences
        ],
        "num_words": sum(map(len, sentences)),
        "start": sentences[0][0].start,
        "end": sentences[-1][-1].end,
    }


def _runs(words: Words, pause_s: float) -> Iterator[list[HeardWord]]:
    run: list[HeardWord] = []
    for word in words:
        if run and (word.start - run[-1].end >= pause_s or word.speaker != run[-1].speaker):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _sentences(words: Words) -> Iterator[list[HeardWord]]:
    """Each ends with its mark; the count of marks before a word tells its sentence."""
    ended = 0
    numbered: list[tuple[int, HeardWord]] = []
    for word in words:
        numbered.append((ended, word))
        ended += bool(_SENTENCE.search(word.punctuated_word or ""))
    for _, sentence in groupby(numbered, key=lambda pair: pair[0]):
        yield [word for _, word in sentence]


def _speaker_of(words: Words) -> dict[str, int]:
    speaker = words[0].speaker
    return {} if speaker is None else {"speaker": speaker}
