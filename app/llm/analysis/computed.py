"""The numbers of a conversation, from code alone. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from app.llm.analysis.domain import (
    Conversation,
    MentionedAt,
    Monologue,
    Numbers,
    SpeakerNumbers,
    Utterance,
)

OVERLAP_S = 0.2
"""Two that speak at once for less take turns."""
CUT_OFF_S = 0.15
"""Who begins so soon after an unfinished sentence took the word."""
FEWEST_PACE_S = 3.0

_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"\w+(?:['\u2019.,:-]\w+)*")
_QUESTION_MARKS = re.compile(r"[?\uff1f\u061f\u037e]+")
_END = r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964\u0965\u037e]"
_ENDED = re.compile(_END + r"[\"'\u201d\u2019\u00bb)]*$")
_MARKS = re.compile(_END)
_ASKING = re.compile(
    r"(?:what|who|whom|whose|which|when|where|why|how|(?:do|does|did|can|could|would|will|are|is|"
    r"was|were|have|has|may|should)(?:n't)? (?:i|you|he|she|it|we|they|this|that|there))\b",
    re.IGNORECASE,
)


def compute(conversation: Conversation) -> Numbers:
    utterances = sorted(conversation.utterances, key=lambda each: (each.start_s, each.end_s))
    turns = [list(turn) for _, turn in groupby(utterances, lambda each: each.speaker)]
    takers = Counter(later.speaker for _, later in _interruptions(utterances))
    silences = list(_silences(utterances, conversation.duration_s))
    speakers = [
        _of_speaker(name, turns, takers[name], sum(each.length_s for each in utterances))
        for name in dict.fromkeys(each.speaker for each in utterances)
    ]
    silence_s = sum(silences)
    duration_s = conversation.duration_s
    return Numbers(
        duration_s=_rounded(duration_s),
        speech_s=_rounded(max(0.0, duration_s - silence_s)),
        silence_s=_rounded(silence_s),
        silence_ratio=_rounded(silence_s / duration_s if duration_s else 0.0),
        longest_silence_s=_rounded(max(silences, default=0.0)),
        turns=len(turns),
        words=sum(each.words for each in speakers),
        questions=sum(each.questions for each in speakers),
        interruptions=sum(takers.values()),
        longest_monologue=_longest(turns),
        speakers=speakers,
        emotions=dict(
            Counter(label for each in utterances if (label := each.labels.get("emotion")))
        ),
        mentions=_mentions(utterances),
    )


def count_words(text: str) -> int:
    """A script without spaces has a word for each of its characters, for want of better."""
    return len(_UNSPACED.findall(text)) + len(words_of(text))


def words_of(text: str) -> list[str]:
    """Those that spaces part, in small letters."""
    return _WORD.findall(_UNSPACED.sub(" ", text.casefold()))


def count_questions(text: str) -> int:
    """By their marks; where there are none of any kind, by how English questions begin."""
    if _MARKS.search(text):
        return len(_QUESTION_MARKS.findall(text))
    return 1 if _ASKING.match(text.strip()) else 0


def _of_speaker(
    name: str, turns: Sequence[Sequence[Utterance]], interruptions: int, all_talk_s: float
) -> SpeakerNumbers:
    own = [turn for turn in turns if turn[0].speaker == name]
    said = [each for turn in own for each in turn]
    talk_s = sum(each.length_s for each in said)
    words = sum(count_words(each.text) for each in said)
    has_pace = talk_s >= FEWEST_PACE_S and not any(_UNSPACED.search(each.text) for each in said)
    return SpeakerNumbers(
        speaker=name,
        talk_s=_rounded(talk_s),
        talk_ratio=_rounded(talk_s / all_talk_s if all_talk_s else 0.0),
        turns=len(own),
        words=words,
        pace_wpm=round(words / talk_s * 60, 1) if has_pace else None,
        questions=sum(count_questions(each.text) for each in said),
        interruptions=interruptions,
        longest_monologue_s=_rounded(max(map(_length_s, own))),
    )


def _interruptions(utterances: Sequence[Utterance]) -> Iterator[tuple[Utterance, Utterance]]:
    """Who was interrupted, and by whom: both spoke at once, or an unfinished sentence was
    followed at once by another's. Nobody is interrupted with a word of assent."""
    for earlier, later in pairwise(utterances):
        if earlier.speaker == later.speaker or count_words(later.text) <= 1:
            continue
        gap_s = later.start_s - earlier.end_s
        is_unfinished = _MARKS.search(later.text) and not _ENDED.search(earlier.text.strip())
        if gap_s <= -OVERLAP_S or (gap_s <= CUT_OFF_S and is_unfinished):
            yield earlier, later


def _silences(utterances: Sequence[Utterance], duration_s: float) -> Iterator[float]:
    heard_s = 0.0
    for each in utterances:
        if each.start_s > heard_s:
            yield each.start_s - heard_s
        heard_s = max(heard_s, each.end_s)
    if duration_s > heard_s:
        yield duration_s - heard_s


def _longest(turns: Sequence[Sequence[Utterance]]) -> Monologue | None:
    if not turns:
        return None
    longest = max(turns, key=_length_s)
    first, last = longest[0], longest[-1]
    return Monologue(
        first.speaker, _rounded(first.start_s), _rounded(last.end_s), first.id, last.id
    )


def _length_s(turn: Sequence[Utterance]) -> float:
    return turn[-1].end_s - turn[0].start_s


def _mentions(utterances: Sequence[Utterance]) -> list[MentionedAt]:
    places: dict[tuple[str, str], list[int]] = {}
    for each in utterances:
        for mention in dict.fromkeys(each.mentions):
            places.setdefault((mention.type, mention.value), []).append(each.id)
    return [MentionedAt(*what, ids) for what, ids in places.items()]


def _rounded(value: float) -> float:
    return round(value, 3)
