"""Words with times, made of a sentence."""

from app.asr.text.words import Word


def timed(sentence: str, *pauses_s: tuple[int, float]) -> list[Word]:
    """A word lasts 0.3 s and follows after 0.1 s, or after the pause given by its place."""
    gaps = dict(pauses_s)
    words: list[Word] = []
    now_s = 0.0
    for index, text in enumerate(sentence.split()):
        start_s = round(now_s + gaps.get(index, 0.1), 3)
        now_s = round(start_s + 0.3, 3)
        words.append(Word(text, start_s, now_s, confidence=0.9))
    return words
