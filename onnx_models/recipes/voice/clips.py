"""Which clips the voice heads learn from and are measured on, and what is known of who speaks.

The sets, their hours and licences are in the README beside this file.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEED = 7
EMOTIONS = {
    "neutral": "EMOTION_NEUTRAL",
    "calm": "EMOTION_NEUTRAL",
    "happy": "EMOTION_HAPPY",
    "happiness": "EMOTION_HAPPY",
    "sad": "EMOTION_SAD",
    "sadness": "EMOTION_SAD",
    "angry": "EMOTION_ANGRY",
    "anger": "EMOTION_ANGRY",
    "fear": "EMOTION_FEAR",
    "fearful": "EMOTION_FEAR",
    "surprise": "EMOTION_SURPRISE",
    "surprised": "EMOTION_SURPRISE",
}
"""Disgust and boredom have no label: clips of them are left out."""
GENDERS = {"male": "GENDER_MALE", "female": "GENDER_FEMALE"}
AGES = {
    "AGE_0_18": 18,
    "AGE_18_30": 30,
    "AGE_30_45": 45,
    "AGE_45_60": 60,
    "AGE_60+": 200,
}
"""By the first age that is too old for it."""
DECADES = {"teens": "", "twenties": "AGE_18_30", "sixties": "AGE_60+", "seventies": "AGE_60+"}
"""Common Voice says no more; its other decades lie in two of our labels."""


@dataclass(frozen=True, slots=True)
class CorpusPlan:
    """`most` clips of each speaker and emotion; of a longer clip `pieces` of PIECE_S."""

    folder: str
    most: int
    pieces: int = 1
    is_commercial: bool = False
    tells_age: bool = True


CORPORA = (
    CorpusPlan("ravdess_speech", 100),
    CorpusPlan("tess", 100, tells_age=False),
    CorpusPlan("emodb", 100, tells_age=False),
    CorpusPlan("speechocean762", 12, is_commercial=True),
    CorpusPlan("speech_accent_archive_subset", 1, pieces=3),
    CorpusPlan("librispeech_train_clean_100_subset_notext", 1, is_commercial=True),
)
"""Two ages, of two women, or ten people of one age say nothing of age."""
HELD_OUT = tuple(
    CorpusPlan(f"commonvoice_rsample_{language}", 100)
    for language in ("de", "es", "fr", "hi", "ja", "zh-CN")
)
"""Never trained on."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Labels are empty where nobody knows."""

    path: Path
    corpus: str
    speaker: str
    pieces: int
    emotion: str
    gender: str
    age: str
    accent: str


def clips(sets: Path, plan: CorpusPlan) -> list[Clip]:
    lines = (sets / plan.folder / "manifest.jsonl").read_text("utf-8").splitlines()
    found = [_clip(sets / plan.folder, plan, json.loads(line)) for line in lines]
    has_emotions = any(clip.emotion for clip in found)
    return list(_few([clip for clip in found if clip.emotion or not has_emotions], plan.most))


def _clip(folder: Path, plan: CorpusPlan, row: dict[str, Any]) -> Clip:
    return Clip(
        path=folder / row["file"],
        corpus=plan.folder,
        speaker=f"{plan.folder}/{row['speaker']}",
        pieces=plan.pieces,
        emotion=EMOTIONS.get(row.get("emotion") or "", ""),
        gender=GENDERS.get(row.get("gender") or "", ""),
        age=age_label(row.get("age")) if plan.tells_age else "",
        accent=row.get("native_language") or row.get("accent") or "",
    )


def age_label(age: float | str | None) -> str:
    if age is None:
        return ""
    if isinstance(age, str):
        return DECADES.get(age, "")
    return next(label for label, end in AGES.items() if age < end)


def _few(found: Sequence[Clip], most: int) -> Iterator[Clip]:
    choose = random.Random(SEED)  # noqa: S311
    kinds: defaultdict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in found:
        kinds[clip.speaker, clip.emotion].append(clip)
    for alike in kinds.values():
        choose.shuffle(alike)
        yield from alike[:most]
