"""The sounds of Japanese: readings by a dictionary, and a sound for each kana, as misaki has them.

No accent is known: the voices find the melody themselves.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

import lindera  # pyright: ignore[reportMissingTypeStubs]

from app.tts.text.sounds.alphabet import only_sounds
from app.tts.text.written.said import Said

_TABLE = """
ぁa あa ぃi いi ぅɯ うɯ ぇe えe ぉo おo かka がɡa きkʲi ぎɡʲi くkɯ ぐɡɯ けke げɡe こko ごɡo
さsa ざʣa しɕi じʥi すsɨ ずzɨ せse ぜʣe そso ぞʣo たta だda ちʨi ぢʥi つʦɨ づzɨ てte でde
とto どdo なna にɲi ぬnɯ ねne のno はha ばba ぱpa ひçi びbʲi ぴpʲi ふɸɯ ぶbɯ ぷpɯ へhe
べbe ぺpe ほho ぼbo ぽpo まma みmʲi むmɯ めme もmo ゃja やja ゅjɯ ゆjɯ ょjo よjo らɾa
りɾʲi るɾɯ れɾe ろɾo ゎβa わβa ゐi ゑe をo ゔvɯ ゕka ゖke ヷva ヸvʲi ヹve ヺvo いぇje うぃβi
うぇβe うぉβo きぇkʲe きゃkʲa きゅkʲɨ きょkʲo ぎゃɡʲa ぎゅɡʲɨ ぎょɡʲo くぁkᵝa くぃkᵝi くぇkᵝe
くぉkᵝo ぐぁɡᵝa ぐぃɡᵝi ぐぇɡᵝe ぐぉɡᵝo しぇɕe しゃɕa しゅɕɨ しょɕo じぇʥe じゃʥa じゅʥɨ じょʥo
ちぇʨe ちゃʨa ちゅʨɨ ちょʨo ぢゃʥa ぢゅʥɨ ぢょʥo つぁʦa つぃʦʲi つぇʦe つぉʦo てぃtʲi てゅtʲɨ
でぃdʲi でゅdʲɨ とぅtɯ どぅdɯ にぇɲe にゃɲa にゅɲɨ にょɲo ひぇçe ひゃça ひゅçɨ ひょço びゃbʲa
びゅbʲɨ びょbʲo ぴゃpʲa ぴゅpʲɨ ぴょpʲo ふぁɸa ふぃɸʲi ふぇɸe ふぉɸo ふゅɸʲɨ ふょɸʲo みゃmʲa
みゅmʲɨ みょmʲo りゃɾʲa りゅɾʲɨ りょɾʲo ゔぁva ゔぃvʲi ゔぇve ゔぉvo ゔゅbʲɨ ゔょbʲo
"""
_KANA = {
    found[1]: found[2] for found in re.finditer(r"([\u3041-\u3096\u30f7-\u30fa]+)(\S+)", _TABLE)
}
_KATAKANA = re.compile("[\u30a1-\u30f6ー]+")
_SMALL = frozenset("ゃゅょぁぃぅぇぉ")
_NASALS = {"m": "m", "p": "m", "b": "m", "k": "ŋ", "ɡ": "ŋ", "ɲ": "ɲ", "ʨ": "ɲ", "ʥ": "ɲ"} | (
    dict.fromkeys("ntdɾz", "n")
)
_ENDINGS = ("助動詞", "接続助詞")
_INFLECTED = ("動詞", "助動詞", "形容詞")


def japanese_sounds(words: Sequence[Said]) -> list[Said]:
    found: list[Said] = []
    for word in words:
        found += [word] if word.is_mark or word.sounds else _sounded(word)
    return found


def _sounded(word: Said) -> Iterator[Said]:
    """What has no reading is left out."""
    if _KATAKANA.fullmatch(word.text):
        yield replace(word, sounds=kana_sounds(word.text))
        return
    for begin, end, reading in _readings(word.text):
        sounds = kana_sounds(reading)
        if sounds:
            yield replace(word.part(begin, end), sounds=sounds)


def _readings(text: str) -> list[tuple[int, int, str]]:
    """Words with their katakana; endings belong to the word they inflect."""
    found: list[tuple[int, int, str]] = []
    at, before = 0, ""
    for token in _tokenizer().tokenize(text):
        surface = token.surface
        begin = text.index(surface, at)
        at = begin + len(surface)
        kind = token.details[0]
        reading = token.details[-1] if token.details[-1] != "*" else surface
        is_ending = not set(token.details[:2]).isdisjoint(_ENDINGS)
        if found and is_ending and before in _INFLECTED:
            first, _, earlier = found.pop()
            found.append((first, at, earlier + reading))
        else:
            found.append((begin, at, reading))
        before = kind
    return found


def kana_sounds(reading: str) -> str:
    kana = "".join(chr(ord(sign) - 0x60) if "ァ" <= sign <= "ヶ" else sign for sign in reading)
    return only_sounds("".join(_sound(kana, at) for at in range(len(kana))))


def _sound(kana: str, at: int) -> str:
    sign, before, after = kana[at], kana[at - 1 : at], kana[at + 1 : at + 2]
    if before and before + sign in _KANA:
        return _KANA[before + sign]
    if after and sign + after in _KANA:
        return ""
    if sign == "ー":
        return "ː"
    if sign == "っ":
        return "ʔ" if after else ""
    if sign == "ん":
        return _NASALS.get(_KANA.get(kana[at + 1 : at + 3], _KANA.get(after, ""))[:1], "ɴ")
    if after in _SMALL:
        return _KANA.get(sign, "")[:-1] + _KANA[after]
    return "" if sign in _SMALL else _KANA.get(sign, "")


class _Token(Protocol):
    surface: str
    details: Sequence[str]
    """From the kind of word to how it is pronounced, in katakana."""


class _Tokenizer(Protocol):
    def tokenize(self, text: str, /) -> Sequence[_Token]: ...


@cache
def _tokenizer() -> _Tokenizer:
    library: Any = lindera
    builder = library.TokenizerBuilder()
    builder.set_mode("normal")
    builder.set_dictionary("embedded://ipadic")
    return builder.build()
