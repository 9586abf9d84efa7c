"""Where the time before an answer went."""

from typing import Any

import pytest

from app.realtime.moments import Moments


@pytest.mark.parametrize(
    ("moments", "shares"),
    [
        ({}, {}),
        ({"first_sound_s": 1.0}, {}),
        (
            {"voice_ended_s": 1.0, "final_text_s": 1.25, "turn_over_s": 1.5, "sound_made_s": 2.0},
            {"asr": 0.25, "endpointing": 0.25, "tts": 0.5},
        ),
        (
            {"voice_ended_s": 1.0, "final_text_s": 0.5, "turn_over_s": 1.5, "first_token_s": 1.75},
            {"asr": 0.0, "endpointing": 0.5, "llm": 0.25},
        ),
        (
            {"turn_over_s": 1.0, "final_text_s": 0.5, "first_token_s": 1.5, "first_sound_s": 2.0},
            {"llm": 0.5, "held": 0.5},
        ),
        (
            {
                "voice_ended_s": 0.0,
                "turn_over_s": 1.0,
                "first_token_s": 3.0,
                "first_sentence_s": 2.0,
                "sound_made_s": 4.0,
                "first_sound_s": 4.5,
            },
            {"endpointing": 1.0, "llm": 2.0, "sentence": 0.0, "tts": 1.0, "held": 0.5},
        ),
    ],
)
def test_the_shares_of_a_wait_are_the_whole_of_it(
    moments: dict[str, Any], shares: dict[str, float]
) -> None:
    assert Moments(**moments).shares() == shares
    if shares:
        began_s = moments.get("voice_ended_s", moments["turn_over_s"])
        assert sum(shares.values()) == max(moments.values()) - began_s
