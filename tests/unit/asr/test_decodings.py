"""Tokens and likelihoods stay with the segment whose words they are of."""

from app.asr.diarization import SpeakerTurn
from app.asr.domain import Decoding, parse_request
from app.asr.text.words import Word
from app.asr.utterances import SpokenWord, make_segments

FIRST = Decoding((), log_probability=-0.2, temperature=0.0, no_speech_probability=0.1)
SECOND = Decoding((), log_probability=-0.9, temperature=0.4, no_speech_probability=0.7)


def word(text: str, start_s: float, piece: Decoding, *tokens: int) -> SpokenWord:
    decoding = Decoding(
        tokens, piece.log_probability, piece.temperature, piece.no_speech_probability
    )
    return SpokenWord(Word(text, start_s, start_s + 0.2), "en", decoding)


SPOKEN = [
    word("It", 0.0, FIRST, 1),
    word("was", 0.3, FIRST, 2, 3),
    word("twenty", 0.6, FIRST, 4),
    word("three.", 0.9, FIRST, 5, 6),
    word("Call", 3.0, SECOND, 7),
    word("me.", 3.3, SECOND, 8),
]


def test_each_segment_has_what_it_was_recognized_from() -> None:
    first, second = make_segments(SPOKEN, None, parse_request({}))
    assert first.text == "It was 23."
    assert first.decoding == Decoding((1, 2, 3, 4, 5, 6), -0.2, 0.0, 0.1)
    assert second.decoding == Decoding((7, 8), -0.9, 0.4, 0.7)


def test_speakers_keep_their_own() -> None:
    turns = [SpeakerTurn(0.0, 0.5, 0), SpeakerTurn(0.5, 3.1, 1), SpeakerTurn(3.2, 4.0, 0)]
    segments = make_segments(SPOKEN, turns, parse_request({"diarize": True, "itn": False}))
    assert [each.decoding.tokens for each in segments] == [(1, 2, 3), (4, 5, 6, 7), (8,)]
    assert [each.decoding.temperature for each in segments] == [0.0, 0.0, 0.4]


def test_what_was_left_out_of_the_text_was_decoded_all_the_same() -> None:
    silent = [word("...", 0.0, FIRST, 9), *SPOKEN[:2]]
    (segment,) = make_segments(silent, None, parse_request({"punctuation": False}))
    assert segment.text == "it was"
    assert segment.decoding.tokens == (9, 1, 2, 3)
    assert make_segments(silent[:1], None, parse_request({"punctuation": False})) == []
