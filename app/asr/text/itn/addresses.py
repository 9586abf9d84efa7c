"""Rules for e-mail addresses and web addresses that were spelled out."""

from app.asr.text.folding import vocabulary
from app.asr.text.itn.phrase import Phrase
from app.asr.text.itn.tokens import Piece

_TOP_LEVEL = vocabulary(
    "com org net in io co uk edu gov ai app dev info biz us eu de fr me tv au ca int mil xyz "
    "health online"
)
_PROVIDERS = vocabulary(
    "gmail yahoo hotmail outlook rediffmail icloud protonmail aol live msn zoho ymail"
)
_SIGNS = {
    "dot": ".",
    "period": ".",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "plus": "+",
}
_CUES = vocabulary("email e-mail mail emails mailed address contact write reach send id")
_NOT_NAMES = vocabulary(
    "the a an this that and or of my your his her our their is are was be it's look visit me us "
    "it website online available shop sign up here there found him them you site page at to on in "
    "go check book buy order login log register apply see us please com for from as with"
)
_MOST_PARTS, _MOST_LABELS = 40, 8
_RATE = (("at", "the", "rate", "of"), ("at", "the", "rate"), ("at", "rate"), ("at",))


def email(phrase: Phrase, at: int) -> list[Piece] | None:
    local = _local_part(phrase, at)
    if local is None:
        return None
    name, end, is_sure = local
    for words in _RATE:
        if phrase.match(end, *words):
            domain = _domain(phrase, end + len(words))
            if domain is None and is_sure:
                domain = _long_domain(phrase, end + len(words))
            if domain is None:
                return None
            is_sure = is_sure or len(words) > 1 or domain[0].split(".")[0] in _PROVIDERS
            if not is_sure and not _CUES & set(phrase.keys_before(at, 8)):
                return None
            return [Piece(f"{name}@{domain[0]}", at, domain[1])]
    return None


def url(phrase: Phrase, at: int) -> list[Piece] | None:
    scheme, start = _scheme(phrase, at)
    found = _domain(phrase, start)
    if found is None:
        return None
    text, end = scheme + found[0], found[1]
    while phrase.key(end) == "slash" and phrase.key(end + 1).isascii() and phrase.key(end + 1):
        text, end = f"{text}/{phrase.key(end + 1)}", end + 2
    return [Piece(text, at, end)]


def _local_part(phrase: Phrase, at: int) -> tuple[str, int, bool] | None:
    """What stands before the "at": letters, digits and words, joined by spoken signs."""
    if phrase.key(at) in _NOT_NAMES and len(phrase.key(at)) > 1:
        return None
    name, at_word, has_sign = "", at, False
    is_open = True
    while at_word < min(len(phrase), at + _MOST_PARTS):
        key = phrase.key(at_word)
        if key in _SIGNS and name:
            name, at_word, is_open, has_sign = name + _SIGNS[key], at_word + 1, True, True
            continue
        spelled = _spelled(phrase, at_word)
        if spelled is None or (not is_open and not _continues(name, spelled[0])):
            break
        name, at_word, is_open = name + spelled[0], spelled[1], False
    if not name or not name[-1].isalnum():
        return None
    return name, at_word, has_sign or any(char.isdigit() for char in name)


def _spelled(phrase: Phrase, at: int) -> tuple[str, int] | None:
    key = phrase.key(at)
    if key == "at" or not key.isascii() or not key.replace(".", "").isalnum():
        return None
    repeat = phrase.lexicon.repeats.get(key, 0)
    if repeat:
        following = phrase.key(at + 1)
        letter = phrase.lexicon.digit_words.get(following, following)
        return (letter * repeat, at + 2) if len(letter) == 1 else None
    if key in phrase.lexicon.digit_words and key not in ("o", "oh"):
        return phrase.lexicon.digit_words[key], at + 1
    number = phrase.numbers.read(at)
    if number and not number.is_literal and not number.is_article:
        return str(number.value), number.end
    return key, at + 1


def _continues(name: str, part: str) -> bool:
    """j o h n, or one two three after a name: one name without a sign between."""
    is_spelled_out = len(part) == 1 and (len(name) == 1 or name[-1].isdigit() or part.isdigit())
    return is_spelled_out or part.isdigit() or len(name) < 3 or _is_letters(name, part)


def _is_letters(name: str, part: str) -> bool:
    return len(part) == 1 and len(name) <= 20 and not name.isdigit()


def _domain(phrase: Phrase, at: int) -> tuple[str, int] | None:
    """Labels with "dot" between; the last is a known top level."""
    label = phrase.key(at)
    if phrase.match(at, "w", "w", "w"):
        labels, at = ["www"], at + 3
    elif label and label.isascii() and label not in _NOT_NAMES and label not in _SIGNS:
        labels, at = [label], at + 1
    else:
        return None
    while (
        len(labels) < _MOST_LABELS
        and phrase.key(at) == "dot"
        and phrase.key(at + 1).isascii()
        and phrase.key(at + 1)
    ):
        labels.append(phrase.key(at + 1))
        at += 2
    return (".".join(labels), at) if len(labels) > 1 and labels[-1] in _TOP_LEVEL else None


def _long_domain(phrase: Phrase, at: int) -> tuple[str, int] | None:
    """A first label said as two words: my company dot com."""
    rest = _domain(phrase, at + 1)
    head = phrase.key(at)
    return (head + rest[0], rest[1]) if rest and head.isascii() and head.isalnum() else None


def _scheme(phrase: Phrase, at: int) -> tuple[str, int]:
    for scheme in ("https", "http"):
        if phrase.match(at, scheme, "colon", "slash", "slash"):
            return f"{scheme}://", at + 4
    return "", at
