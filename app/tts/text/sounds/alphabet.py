"""Kokoro's alphabet: IPA, with one letter for each diphthong and affricate."""

import re

PAUSES = ";:,.!?—…"
SOUNDS = frozenset(
    ';:,.!?—…"()“” \u0303ʣʥʦʨᵝ\uab67AIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴø'
    "ɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔˈˌːʰʲ↓→↗↘ᵻ"
)
VOWELS = frozenset("AIOQWYaeiouyæøœɐɑɒɔəɚɛɜɤɨɪɯʊʌᵊᵻ")
STRESSES = "ˌˈ"
_VOWEL = "".join(sorted(VOWELS))
_STRESS = re.compile(rf"([{STRESSES}])([^{STRESSES}{_VOWEL}\s]+)(?=[{_VOWEL}])")
MOST_SOUNDS = 510
"""That the model takes at once."""

_JOINED = {
    "a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "ɔ^ɪ": "Y", "d^z": "ʣ",
    "d^ʒ": "ʤ", "t^s": "ʦ", "t^ʃ": "ʧ", "s^s": "S",
}  # fmt: skip
_WRITTEN_IPA = {pair.replace("^", ""): sound for pair, sound in _JOINED.items()} | {
    "g": "ɡ", "tɕ": "ʨ", "dʑ": "ʥ", "'": "ˈ", "ʼ": "", "͡": "", ".": "", "ɫ": "l", "ɬ": "l",
}  # fmt: skip


def from_espeak(sounds: str) -> str:
    """Of what espeak-ng answers with `^` between the parts of one sound."""
    for pair, sound in _JOINED.items():
        sounds = sounds.replace(pair, sound)
    return only_sounds(sounds.replace("^", "").replace("-", ""))


def from_ipa(written: str) -> str:
    """As people write it, with stress before the syllable: here it stands before the vowel. What is
    in no alphabet stays, to be named."""
    written = written.strip("/[] ").replace("͡", "")
    for pair, sound in sorted(_WRITTEN_IPA.items(), key=lambda known: -len(known[0])):
        written = written.replace(pair, sound)
    return _STRESS.sub(r"\2\1", written)


def only_sounds(sounds: str) -> str:
    return "".join(sound for sound in sounds if sound in SOUNDS)
