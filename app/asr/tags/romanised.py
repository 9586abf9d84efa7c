"""Devanagari in Latin letters, spelled about as Indians type Hindi: `नहीं` is `nahin`, `काम` `kaam`.

For classifying, not for reading: no table of exceptions, no way back.
"""

import re
import unicodedata

CONSONANTS = (
    "क:k ख:kh ग:g घ:gh ङ:n च:ch छ:chh ज:j झ:jh ञ:n ट:t ठ:th ड:d ढ:dh ण:n त:t थ:th द:d ध:dh न:n "
    "प:p फ:ph ब:b भ:bh म:m य:y र:r ल:l व:v श:sh ष:sh स:s ह:h ळ:l"
)
VOWELS = "अ:a आ:aa इ:i ई:ee उ:u ऊ:oo ऋ:ri ए:e ऐ:ai ओ:o औ:au ऑ:o ऍ:e"
SIGNS = "ा:a ि:i ी:i ु:u ू:oo ृ:ri े:e ै:ai ो:o ौ:au ॉ:o ॅ:e"
BORROWED = (
    "ईएमआई:emi सर:sir मैडम:madam मैम:mam लोन:loan पेमेंट:payment बैंक:bank अकाउंट:account "
    "लिंक:link ऐप:app एप:app कॉल:call फोन:phone ऑनलाइन:online नंबर:number "
    "चेक:check मैनेजर:manager एजेंट:agent ब्रांच:branch सैलरी:salary कार्ड:card ओके:okay "
    "हैलो:hello हेलो:hello टाइम:time डेट:date ड्यू:due चार्ज:charge लेट:late फीस:fees "
    "कंपनी:company ऑफिस:office ओटीपी:otp यूपीआई:upi स्टेटमेंट:statement प्लीज:please"
)
"""English words that speech mixes into Hindi, in English spelling."""

_BORROWED = {word: english for word, _, english in (e.partition(":") for e in BORROWED.split())}
_CONSONANTS = {pair[0]: pair[2:] for pair in CONSONANTS.split()}
_VOWELS = {pair[0]: pair[2:] for pair in VOWELS.split()}
_SIGNS = {pair[0]: pair[2:] for pair in SIGNS.split()}
_DOTTED = {"k": "q", "j": "z", "ph": "f"}
_DIGITS = {ord(devanagari): digit for digit, devanagari in enumerate("०१२३४५६७८९", ord("0"))}
_DOT, _NO_VOWEL, _NASALS = "\u093c", "\u094d", "\u0902\u0901"
_WORD = re.compile("[\u0900-\u0963\u0971-\u097f]+")

Letter = tuple[str, str]
"""A consonant, or nothing, and the vowel after it."""
_INHERENT = "a?"


def romanised(text: str) -> str:
    """Everything that is not Devanagari stays as it is."""
    if not any("\u0900" <= letter <= "\u097f" for letter in text):
        return text
    parted = unicodedata.normalize("NFC", text).translate(_DIGITS)
    return _WORD.sub(lambda word: _BORROWED.get(word[0]) or _spelled(_letters(word[0])), parted)


def _letters(word: str) -> list[Letter]:
    letters: list[Letter] = []
    for sign in word:
        before, vowel = letters[-1] if letters else ("", "")
        if sign in _CONSONANTS:
            letters.append((_CONSONANTS[sign], _INHERENT))
        elif sign in _VOWELS:
            letters.append(("", _VOWELS[sign]))
        elif not letters:
            continue
        elif sign == _DOT:
            letters[-1] = (_DOTTED.get(before, before), vowel)
        elif sign == _NO_VOWEL:
            letters[-1] = (before, "")
        elif sign in _SIGNS:
            letters[-1] = (before, _SIGNS[sign])
        elif sign in _NASALS:
            letters.append(("n", ""))
    return letters


def _spelled(letters: list[Letter]) -> str:
    """The vowel that is not written is not said at the end, nor between two said ones; a long `a`
    is written twice before the last consonant."""
    vowels = [vowel for _, vowel in letters]
    last = len(letters) - 1
    for place in range(last, 0, -1):
        if vowels[place] != _INHERENT or not letters[place][0]:
            continue
        is_between = (
            place < last and vowels[place - 1] and vowels[place + 1] and letters[place + 1][0]
        )
        if place == last or is_between:
            vowels[place] = ""
    if last > 0 and vowels[last - 1] == "a" and not vowels[last]:
        vowels[last - 1] = "aa"
    return "".join(
        consonant + vowel.rstrip("?") for (consonant, _), vowel in zip(letters, vowels, strict=True)
    )
