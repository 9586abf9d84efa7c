"""Who says the figures of which language."""

from collections.abc import Mapping

from app.tts.text.written.english import English
from app.tts.text.written.tongue import Tongue

TONGUES: Mapping[str, Tongue] = {
    "en-us": English(is_month_first=True),
    "en-gb": English(),
    "en-in": English(is_indian=True),
}
