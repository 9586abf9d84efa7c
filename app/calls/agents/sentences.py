"""What an agent says that was not told what to say: in the language that it speaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentences:
    failure: str
    silence: str
    goodbye: str


_ENGLISH = Sentences(
    "Sorry, I had a problem. Could you say that again?", "Are you still there?", "Goodbye."
)
_BY_LANGUAGE = {
    "en": _ENGLISH,
    "hi": Sentences("माफ़ कीजिए, कुछ गड़बड़ हो गई। क्या आप फिर से कह सकते हैं?", "क्या आप सुन रहे हैं?", "नमस्ते।"),
    "es": Sentences(
        "Perdone, he tenido un problema. ¿Puede repetirlo?", "¿Sigue usted ahí?", "Adiós."
    ),
    "fr": Sentences(
        "Excusez-moi, j'ai eu un problème. Pouvez-vous répéter ?",
        "Vous êtes toujours là ?",
        "Au revoir.",
    ),
    "it": Sentences(
        "Mi scusi, ho avuto un problema. Può ripetere?", "È ancora in linea?", "Arrivederci."
    ),
    "pt": Sentences(
        "Desculpe, tive um problema. Pode repetir?", "Você ainda está aí?", "Até logo."
    ),
    "ja": Sentences(
        "すみません、問題が起きました。もう一度お願いします。",
        "もしもし、聞こえますか。",
        "失礼いたします。",
    ),
    "zh": Sentences("抱歉，出了点问题。请您再说一遍。", "您还在吗？", "再见。"),  # noqa: RUF001
}


def sentences_of(language: str) -> Sentences:
    """By its code; English where we know none."""
    return _BY_LANGUAGE.get(language.partition("-")[0], _ENGLISH)
