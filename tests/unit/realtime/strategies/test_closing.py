"""Which words end a call, in each language."""

import pytest

from app.realtime.conversation import Line
from app.realtime.strategies.closing import ClosingPhrase
from app.realtime.words import small_words

pytestmark = pytest.mark.inventory("WH-278")


def is_over(language: str, asked: str, answer: str, *, is_cut: bool = False) -> bool:
    lines = [Line("user", asked, 0), Line("agent", answer, 1, is_cut)]
    return ClosingPhrase(small_words(language).farewells).is_over(lines)


@pytest.mark.parametrize(
    ("language", "asked", "answer"),
    [
        ("en", "That was all, bye.", "Have a nice day!"),
        ("en-GB", "Okay thank you, goodbye", "Goodbye."),
        ("en", "Good night.", "Good night."),
        ("en", "Perfect.", "Your table is booked. Thank you for calling, goodbye!"),
        ("en", "Perfect.", "Bye for now! Have a great day."),
        ("hi", "ठीक है, अलविदा।", "आपका दिन शुभ हो।"),
        ("hi", "Theek hai, bye.", "नमस्ते।"),
        ("es", "Eso es todo, adiós.", "Que tenga un buen día."),
        ("fr", "Merci, au revoir.", "Au revoir, bonne journée !"),
        ("de", "Danke, tschüss!", "Auf Wiederhören."),
        ("it", "Grazie, ciao.", "Arrivederci!"),
        ("pt-br", "Obrigado, tchau.", "Até logo!"),
        ("ja", "ありがとう、さようなら。", "失礼いたします。"),
        ("zh", "好的，再见。", "谢谢您的来电，再见。"),  # noqa: RUF001
    ],
)
def test_both_took_their_leave(language: str, asked: str, answer: str) -> None:
    assert is_over(language, asked, answer)


@pytest.mark.parametrize(
    ("language", "asked", "answer"),
    [
        ("en", "How do Italians say goodbye?", "They say it with a smile. Have a nice day."),
        ("en", "Bye.", "Goodbye. Or is there anything else?"),
        ("en", "Bye.", "One moment please."),
        ("en", "He hung up on me without even saying goodbye.", "I am sorry. Take care."),
        ("en", "Thanks.", "Have a nice day."),
        ("en", "Hello.", "Goodbye is what you will see on the screen when it is done."),
        ("it", "Ciao.", "Ciao! Come posso aiutarla?"),
        ("hi", "नमस्ते।", "नमस्ते, मैं आपकी क्या मदद कर सकती हूँ?"),
        ("xx", "Bye.", "Bye."),
    ],
)
def test_nobody_took_leave(language: str, asked: str, answer: str) -> None:
    assert not is_over(language, asked, answer)


def test_a_farewell_that_was_not_heard_out_is_none() -> None:
    assert not is_over("en", "Bye.", "Goodbye", is_cut=True)


def test_only_the_agent_can_close() -> None:
    closing = ClosingPhrase(small_words("en").farewells)
    assert not closing.is_over([Line("agent", "Goodbye.", 0), Line("user", "Bye.", 1)])
    assert not closing.is_over([])
