"""`config.json` as published with Whisper's weights."""

import msgspec


class Config(msgspec.Struct, frozen=True):
    alignment_heads: tuple[tuple[int, int], ...]
    suppress_ids: tuple[int, ...]
    suppress_ids_begin: tuple[int, ...]
