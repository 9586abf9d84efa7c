"""What a voice tells beside its words, told to the brain. Pure."""

from collections.abc import Mapping, Sequence

_CALM = frozenset({"neutral", "calm"})
_NOTHING = frozenset(
    {"uncertain", "none", "other", "greeting", "farewell", "thanks", "apology", "acknowledgment"}
    | {"confirm", "deny", "repeat request", "hold"}
)
"""No mood and no wish: what was known before goes on."""
_ADVICE = {
    "angry": "Stay calm, admit what went wrong, and come to the point.",
    "frustrated": "Be brief, and say what happens next.",
    "sad": "Be warm and unhurried.",
    "fear": "Reassure first, then answer.",
    "happy": "You may be light.",
    "surprise": "Explain in plain words.",
}
_SYNONYMS = {"anger": "angry", "sadness": "sad", "fearful": "fear", "happiness": "happy"}


class EmotionAdaptation:
    """Of one call: notes labels such as EMOTION_ANGRY, and tells what changed."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._heard: dict[str, str] = {}

    def note(self, labels: Mapping[str, str]) -> None:
        for kind in ("emotion", "intent"):
            if (label := labels.get(kind)) and (plain := _plain(label, kind)) not in _NOTHING:
                self._heard[kind] = plain

    def news(self) -> str:
        """For the brain, before the user's line; nothing where all is as it was."""
        emotion, intent = self._heard.get("emotion", ""), self._heard.get("intent", "")
        told: list[str] = []
        if emotion != self._told.get("emotion", ""):
            told += _of_emotion(emotion, self._told.get("emotion", ""))
        if intent and intent != self._told.get("intent"):
            told.append(f"What the caller wants now is of the kind: {intent}.")
        self._told = dict(self._heard)
        return " ".join(told)


def _of_emotion(emotion: str, before: str) -> Sequence[str]:
    if emotion in _CALM:
        return ["The caller sounds calm again."] if before and before not in _CALM else []
    advice = _ADVICE.get(emotion)
    return [f"The caller sounds {emotion}.", *([advice] if advice else [])]


def _plain(label: str, kind: str) -> str:
    """EMOTION_ANGRY, Angry and anger are one."""
    plain = label.casefold().removeprefix(f"{kind}_").replace("_", " ")
    return _SYNONYMS.get(plain, plain)
