"""Punctuation by rules, for words of a recognizer that gives none: pauses, first words, casing.

For languages that the weights of `marks` do not know, and where these cannot be had.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.asr.text.folding import bare, key
from app.asr.text.words import Word

_ENDS = (".", "?", "!", "।", "…", ",", ";", ":")
_QUESTION_FIRST = {
    "en": "who whose whom what when where why how which is are am was were do does did can could "
    "will would shall should have has had isn't aren't don't doesn't didn't can't won't "
    "couldn't wouldn't",
    "hi": "क्या kya",
}
_QUESTION_ANYWHERE = {
    "en": "",
    "hi": "कब कहां कहाँ कौन कैसे क्यों कितना कितने कितनी किसने किसका किसको kab kahan kaun kaise kyun "
    "kitna kitne",
}
# No sentence and no clause ends with one of these.
_OPEN = {
    "en": "a an the of to in on at for with from by and or but so because if that which who my "
    "your his her our their its is are was were am be i we they he she you's very not into than",
    "hi": "और या कि का के की को से में पर एक यह वह जो तो मेरा मेरी आपका आपकी",
}
_NAMES = {
    "monday": "Monday", "tuesday": "Tuesday", "wednesday": "Wednesday", "thursday": "Thursday",
    "friday": "Friday", "saturday": "Saturday", "sunday": "Sunday", "january": "January",
    "february": "February", "april": "April", "june": "June", "july": "July",
    "september": "September", "october": "October", "november": "November",
    "december": "December", "english": "English", "hindi": "Hindi", "india": "India",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PauseRules:
    comma_s: float = 0.35
    stop_s: float = 0.7
    clause_words: int = 3
    """So many words at least between two commas."""


def has_punctuation(words: Sequence[Word]) -> bool:
    """Of the recognizer's own: a comma that normalization put into a date is none."""
    return any(word.raw.endswith(_ENDS) for word in words)


def punctuate(words: Sequence[Word], language: str, rules: PauseRules | None = None) -> list[Word]:
    """Words that carry punctuation already come back as they are."""
    if not words or has_punctuation(words):
        return list(words)
    main = language.partition("-")[0].lower()
    rules = rules or PauseRules()
    written: list[Word] = []
    sentence: list[Word] = []
    for index, word in enumerate(words):
        sentence.append(word)
        is_last = index == len(words) - 1
        pause_s = rules.stop_s if is_last else words[index + 1].start_s - word.end_s
        is_open = key(word.text) in _OPEN.get(main, "").split()
        if is_last or (pause_s >= rules.stop_s and not is_open):
            written += _sentence(sentence, main, rules)
            sentence = []
    return written


def _sentence(words: Sequence[Word], language: str, rules: PauseRules) -> list[Word]:
    written: list[Word] = []
    since_comma = 0
    for index, word in enumerate(words):
        text = _cased(word.text, is_first=index == 0, language=language)
        since_comma += 1
        if index == len(words) - 1:
            text += _end(words, language)
        elif since_comma >= rules.clause_words and _pauses(words, index, language, rules):
            text, since_comma = text + ",", 0
        written.append(word if text == word.text else replace(word, text=text, spoken=word.raw))
    return written


def _pauses(words: Sequence[Word], index: int, language: str, rules: PauseRules) -> bool:
    """Not before the last word of a sentence, and not where a clause cannot end."""
    if index + 2 >= len(words) or key(words[index].text) in _OPEN.get(language, "").split():
        return False
    return words[index + 1].start_s - words[index].end_s >= rules.comma_s


def _end(words: Sequence[Word], language: str) -> str:
    keys = [key(word.text) for word in words]
    first = keys[0] in _QUESTION_FIRST.get(language, "").split()
    anywhere = set(keys) & {key(word) for word in _QUESTION_ANYWHERE.get(language, "").split()}
    if (first and len(keys) > 1) or anywhere:
        return "?"
    letters = [char for word in words for char in word.raw if char.isalpha()]
    return "।" if letters and "\u0900" <= letters[-1] <= "\u097f" else "."


def _cased(text: str, *, is_first: bool, language: str) -> str:
    if not text.isascii():
        return text
    lead, word, trail = bare(text)
    if language == "en":
        if word == "i" or word.startswith("i'"):
            word = f"I{word[1:]}"
        word = _NAMES.get(word, word)
    # A rewritten address or number keeps its letters.
    if is_first and word.isalpha():
        word = word[:1].upper() + word[1:]
    return f"{lead}{word}{trail}"
