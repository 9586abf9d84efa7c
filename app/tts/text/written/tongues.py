"""Who says the figures of which language."""

from collections.abc import Mapping

from app.tts.text.written.eastern import Chinese, Japanese
from app.tts.text.written.english import English
from app.tts.text.written.french import French
from app.tts.text.written.hindi import Hindi
from app.tts.text.written.italian import Italian
from app.tts.text.written.portuguese import Portuguese
from app.tts.text.written.spanish import Spanish
from app.tts.text.written.tongue import Tongue

TONGUES: Mapping[str, Tongue] = {
    "en-us": English(is_month_first=True),
    "en-gb": English(),
    "en-in": English(is_indian=True),
    "hi": Hindi(),
    "es": Spanish(),
    "fr": French(),
    "it": Italian(),
    "pt-br": Portuguese(),
    "ja": Japanese(),
    "zh": Chinese(),
}
_IN_HUNDREDS = {**TONGUES, "en-us": English(is_month_first=True, says_hundreds=True)}


def tongues_of(*, hundreds: bool) -> Mapping[str, Tongue]:
    """`hundreds`: 4500 is forty-five hundred to those who say so."""
    return _IN_HUNDREDS if hundreds else TONGUES
