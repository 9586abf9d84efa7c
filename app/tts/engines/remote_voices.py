"""What can be asked for where somebody else speaks: the voices that the operator named, in the
languages that the vendor speaks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.tts.catalogue import ANYWHERE, NamedVoices, Voice
from app.tts.domain import SpeechLanguageUnknown
from app.tts.text.languages import Language, Script

_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")
_SHOWN = 80
_UNKNOWN = replace(ANYWHERE, language=Language("", "", Script.OTHER, ""))
_FIRST = "default"


@dataclass(frozen=True, slots=True)
class RemoteLanguage:
    code: str
    name: str
    quality: str = "as the vendor speaks it"


class RemoteVoices:
    """`names` are the vendor's, the default first. `languages`: names by code; empty where it is
    not known what is spoken, and then whatever is asked for is passed on. Where no language is
    asked for, the vendor finds out by itself."""

    def __init__(self, names: Sequence[str], languages: Mapping[str, str]) -> None:
        self.voices = tuple(Voice(name, name, name, home=_UNKNOWN) for name in names)
        self.default = names[0]
        self.languages = tuple(RemoteLanguage(*language) for language in languages.items())
        self._named = NamedVoices(self.voices)
        self._spoken = languages

    def choose(self, name: str, asked_language: str) -> tuple[Voice, str]:
        is_first = name.strip().lower() == _FIRST
        voice = self._named.choose(self.default if is_first else name)
        return voice, self._language(asked_language)

    def get(self, name: str) -> Voice:
        return self._named.get(name)

    def _language(self, asked: str) -> str:
        code = asked.strip().lower().replace("_", "-")
        if not code:
            return code
        is_spoken = not self._spoken or code.partition("-")[0] in self._spoken
        if not (_CODE.fullmatch(code) and is_spoken):
            raise SpeechLanguageUnknown(
                f"language: {asked[:_SHOWN]!r} is not spoken here",
                field="language",
                known=[*self._spoken],
            )
        return code
