"""What is said to the assistant itself and needs no model: stop, say that again, forget. Pure.

A command is the whole of what was said, but for a word of politeness around it; whoever says more,
as in "stop smoking tips", asks something.
"""

import re
import unicodedata
from typing import Literal

Command = Literal["stop", "repeat", "forget"]

_SAID: dict[str, dict[Command, str]] = {
    "en": {
        "stop": "stop/stop it/stop talking/be quiet/cancel/never mind/that is enough/that's enough",
        "repeat": "repeat/repeat that/say that again/say it again/once more/come again",
        "forget": "start over/new conversation/forget everything/forget what i said/forget it all",
    },
    "de": {
        "stop": "stopp/halt/aufhören/hör auf/sei still/abbrechen/egal/das reicht",
        "repeat": "wiederholen/wiederhole das/sag das noch mal/sag das nochmal/noch einmal",
        "forget": "von vorne/neues gespräch/vergiss alles/vergiss was ich gesagt habe",
    },
    "es": {
        "stop": "para/basta/alto/detente/cállate/cancela/cancelar/olvídalo",
        "repeat": "repite/repítelo/repite eso/dilo otra vez/otra vez",
        "forget": "empieza de nuevo/nueva conversación/olvida todo/olvida lo que dije",
    },
    "fr": {
        "stop": "arrête/arrêtez/tais-toi/silence/annule/annuler/laisse tomber/ça suffit",
        "repeat": "répète/répétez/répète ça/redis-le/encore une fois",
        "forget": "recommence/recommençons/nouvelle conversation/oublie tout",
    },
    "hi": {
        "stop": "रुको/रुकिए/बस/बंद करो/चुप रहो/रहने दो/रद्द करो/ruko/rukiye/bas/band karo/rehne do",
        "repeat": "फिर से बोलो/फिर से कहो/दोबारा बोलो/दोहराओ/phir se bolo/dobara bolo/dohrao",
        "forget": "फिर से शुरू करो/नई बातचीत/सब भूल जाओ/phir se shuru karo/sab bhool jao",
    },
    "it": {
        "stop": "basta/fermati/zitto/annulla/lascia stare",
        "repeat": "ripeti/ripetilo/dillo ancora/ancora una volta",
        "forget": "ricomincia/nuova conversazione/dimentica tutto",
    },
    "ja": {
        "stop": "止めて/やめて/ストップ/黙って/キャンセル/もういい",
        "repeat": "もう一度/もう一回/もう一度言って/繰り返して",
        "forget": "最初から/新しい会話/全部忘れて",
    },
    "pt": {
        "stop": "pare/para/chega/cala a boca/cancela/cancelar/deixa pra lá",
        "repeat": "repete/repita/repete isso/diga de novo/mais uma vez",
        "forget": "comece de novo/nova conversa/esqueça tudo/esquece tudo",
    },
    "zh": {
        "stop": "停/停止/停下/别说了/闭嘴/取消/算了",
        "repeat": "再说一遍/再说一次/重复/重复一遍",
        "forget": "重新开始/新对话/全部忘记/忘掉一切",
    },
}
_POLITE = (
    "please/ok/okay/bitte/por favor/s'il te plaît/s'il vous plaît/कृपया/प्लीज़/प्लीज/per favore/"
    "ください/お願いします/请"
)
_LONGEST = 100
_KEPT = "LMN"
"""Letters, the marks of many scripts, numbers."""


def command_in(said: str, language: str) -> Command | None:
    """Of the language and of English, which is mixed into many; of all where none is said."""
    if len(said) > _LONGEST:
        return None
    code = language.partition("-")[0].lower()
    words = _POLITELY.sub("", _folded(said))
    for known in (code, "en") if code in _KNOWN else _KNOWN:
        if command := _KNOWN[known].get(words):
            return command
    return None


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    spaced = "".join(char if unicodedata.category(char)[0] in _KEPT else " " for char in plain)
    return " ".join(spaced.split())


def _phrases(text: str) -> list[str]:
    return [_folded(phrase) for phrase in text.split("/")]


_KNOWN: dict[str, dict[str, Command]] = {
    language: {phrase: command for command, text in said.items() for phrase in _phrases(text)}
    for language, said in _SAID.items()
}
_POLITELY = re.compile(
    "^({0})(?: |$)|(?:^| )({0})$".format("|".join(map(re.escape, _phrases(_POLITE))))
)
