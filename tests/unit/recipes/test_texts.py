"""What language models and punctuation learn from."""

import pytest

from app.asr.text.marks import CAPITAL, CAPITALS, LOWER, MARKS
from onnx_models.recipes.marks.prepare import UNKNOWN, lessons, sentences
from onnx_models.recipes.texts.sources import SOURCES
from onnx_models.recipes.texts.templates import read_slots, templates, utterances


def test_every_template_can_be_said() -> None:
    slots = read_slots()
    for template in templates():
        for said in utterances(template, slots, 5, seed=1):
            assert not set("(){}|[]") & set(said), template.text
            assert said.endswith((".", "?", "!", "।")), template.text
            assert said == " ".join(said.split())


def test_the_same_is_said_again_and_other_things_with_another_seed() -> None:
    slots, template = read_slots(), next(each for each in templates() if "{amount}" in each.text)
    assert [*utterances(template, slots, 9, 1)] == [*utterances(template, slots, 9, 1)]
    assert [*utterances(template, slots, 9, 1)] != [*utterances(template, slots, 9, 2)]
    assert len({*utterances(template, slots, 9, 1)}) == 9


def test_every_source_names_its_licence_and_its_version() -> None:
    assert {each.licence for each in SOURCES} == {"MIT", "BSD-3-Clause", "public domain"}
    for model in SOURCES:
        for member in model.files[0].sources[0].packages:
            assert member.pypi
            assert "==" in member.pypi


Told = list[tuple[str, str, int]]


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        ("I'm here. Mr. Smith isn't?", [
            ("i'm", "", UNKNOWN), ("here", ".", LOWER), ("mr", "", UNKNOWN),
            ("smith", "", CAPITAL), ("isn't", "?", LOWER),
        ]),
        ("The U.S. economy — \"strong\"; yes!", [
            ("the", "", UNKNOWN), ("u.s", "", CAPITALS), ("economy", ",", LOWER),
            ("strong", ",", LOWER), ("yes", "!", LOWER),
        ]),
        ("नमस्ते, आप कैसे हैं? ठीक हूँ।", [
            ("नमस्ते", ",", UNKNOWN), ("आप", "", LOWER), ("कैसे", "", LOWER),
            ("हैं", "?", LOWER), ("ठीक", "", UNKNOWN), ("हूँ", ".", LOWER),
        ]),
        ("At 5:30 PM, $2.5 million .", [
            ("at", "", UNKNOWN), ("5:30", "", LOWER), ("pm", ",", CAPITALS),
            ("$2.5", "", LOWER), ("million", ".", LOWER),
        ]),
        ("", []),
        ("... !!", []),
    ],
)  # fmt: skip
def test_lessons(passage: str, expected: Told) -> None:
    found = lessons(passage)
    assert [(each.word, MARKS[each.mark], each.casing) for each in found] == expected


def test_what_no_mark_ends_is_left_out() -> None:
    (passage,) = sentences(["Who is it? It is me. And then", "no end at all"])
    assert [[lesson.word for lesson in sentence] for sentence in passage] == [
        ["who", "is", "it"],
        ["it", "is", "me"],
    ]
