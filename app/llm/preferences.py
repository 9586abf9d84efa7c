"""How a user wants to be answered, as the user or the organization said."""

from typing import Annotated, Literal

import msgspec

from app.core.crypto import KeyRing
from app.core.db import Tx
from app.llm.personal import Sealing
from app.llm.store import dialogues as store
from app.llm.store.dialogues import PreferencesRow

Language = Annotated[
    str, msgspec.Meta(max_length=35, pattern="^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*)?$")
]
"""A tag such as en or pt-BR; empty where nothing is said."""
Tone = Literal["", "friendly", "formal", "brief", "detailed"]


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name` is what the user is called."""

    name: Annotated[str, msgspec.Meta(max_length=100, pattern="^[^\\x00-\\x1f\\x7f]*$")] = ""
    language: Language = ""
    tone: Tone = ""


class UserPreferences:
    def __init__(self, keys: KeyRing) -> None:
        self._sealing = Sealing(keys)

    async def get(self, tx: Tx, user_id: str) -> Preferences:
        row = await store.find_preferences(tx, user_id)
        return self._sealing.open(row, Preferences) if row else Preferences()

    async def put(self, tx: Tx, user_id: str, preferences: Preferences) -> None:
        row_id, sealed = self._sealing.seal(PreferencesRow, user_id, preferences)
        row = PreferencesRow(id=row_id, user_id=user_id, sealed=sealed)
        await store.put_preferences(tx, row)

    async def delete(self, tx: Tx, user_id: str) -> bool:
        """Whether there were any."""
        return await store.remove_preferences(tx, user_id)
