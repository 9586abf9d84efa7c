"""The recordings of a clone, and what is said in them."""

from pathlib import Path

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
SHORT = SPEECH / "LJ001-0002.ogg"
SHORT_TEXT = "in being comparatively modern."
LONGER = SPEECH / "LJ001-0004.ogg"
