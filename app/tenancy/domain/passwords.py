"""Which passwords may be chosen. Says nothing of how they are kept."""

import unicodedata
from typing import Any, cast

from zxcvbn.frequency_lists import (
    FREQUENCY_LISTS,  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
)

from app.core.errors import InvalidInput

SHORTEST = 8
LONGEST = 256
FIELD = "password"
CONTEXT = ("parley",)
"""Words that anybody would try here."""
LEFT_OVER = 4

_COMMON = frozenset(
    word for word in cast("dict[str, Any]", FREQUENCY_LISTS)["passwords"] if len(word) >= SHORTEST
)


class PasswordRefused(InvalidInput):
    pass


def normalized(given: str, *, field: str = FIELD) -> str:
    """The same characters however a keyboard composes them; nothing is cut off."""
    password = unicodedata.normalize("NFKC", given) if len(given) <= LONGEST else given
    if len(password) > LONGEST:
        raise PasswordRefused(f"{field} must have {LONGEST} characters at most", field=field)
    return password


def chosen_password(given: str, *, email: str | None) -> str:
    """Any characters that can be seen or are spaces, in any mixture."""
    password = normalized(given)
    if len(password) < SHORTEST:
        raise _refused(f"must have at least {SHORTEST} characters")
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in password):
        raise _refused("cannot contain control characters")
    folded = password.casefold()
    if folded in _COMMON:
        raise _refused("is one of the most common: anybody would guess it")
    if any(word in folded and len(folded.replace(word, "")) < LEFT_OVER for word in CONTEXT):
        raise _refused("is the name of this product and little more")
    if email and folded in (email.casefold(), email.rpartition("@")[0].casefold()):
        raise _refused("must not be the e-mail address")
    return password


def _refused(why: str) -> PasswordRefused:
    return PasswordRefused(f"{FIELD} {why}", field=FIELD)
