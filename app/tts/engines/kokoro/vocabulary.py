"""Kokoro's alphabet: sounds, marks and punctuation, and their numbers. Pure."""

PAD = 0
"""Before and behind each text."""
MOST_TOKENS = 510
"""Of one text, pads not counted."""

PUNCTUATION = frozenset(';:,.!?—…"()“” ')
PREFIXES = frozenset("ˈˌ")
"""Belong to the sound that follows."""
SUFFIXES = frozenset("ːʰʲ\u0303↓→↗↘")
"""Belong to the sound before."""

_RUNS = (
    (1, ";:,.!?"), (9, '—…"()“” \u0303ʣʥʦʨᵝꭧAI'), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"),
    (41, "Yᵊabcdef"), (50, "hijklmnopqrstuvwxyz\u0251ɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"),
    (90, "ɟ"), (92, "\u0261"), (99, "ɥ"), (101, "ɨɪʝ"), (110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"),
    (125, "ɾɻ"), (128, "ʁɽʂʃʈʧ"), (135, "ʊʋ"), (138, "ʌɣɤ"), (142, "χʎ"), (147, "ʒʔ"),
    (156, "ˈˌː"), (162, "ʰ"), (164, "ʲ"), (169, "↓"), (171, "→↗↘"), (177, "ᵻ"),
)  # fmt: skip
TOKENS = {symbol: first + place for first, run in _RUNS for place, symbol in enumerate(run)}
