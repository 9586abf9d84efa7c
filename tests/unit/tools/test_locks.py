"""What a lock may not hold, and that locks agree."""

import pytest

from tests.unit.tools.conftest import MakeTree
from tools.checks import locks

HASH = f"--hash=sha256:{'a1' * 32}"
NUMPY = f"numpy==2.4.6 ; python_full_version < '3.12' \\\n    {HASH}\n"
PSYCOPG = f"psycopg[binary]==3.3.9 \\\n    {HASH} \\\n    {HASH}\n    # via x\n"
SOUND = f"# made by a resolver\n{NUMPY}{PSYCOPG}"


def found(make_tree: MakeTree, **texts: str) -> list[str]:
    tree = make_tree({f"requirements-{name}.lock": text for name, text in texts.items()})
    return [str(item) for item in locks.check(tree)]


def test_sound_locks_that_agree_pass(make_tree: MakeTree) -> None:
    assert found(make_tree, cpu=SOUND, gpu=SOUND, dev=NUMPY) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("msgspec==0.22.0", "msgspec has no hash"),
        ("msgspec==0.22.0 \\\n    --hash=sha256:abc", "msgspec has no hash"),
        (f"msgspec>=0.22 {HASH}", "not a pinned requirement: msgspec>=0.22"),
        (f"msgspec {HASH}", "not a pinned requirement: msgspec"),
        (f"msgspec @ file:///x.whl {HASH}", "a lock names no place to fetch from"),
        (f"https://host.example/x.whl {HASH}", "a lock names no place to fetch from"),
        ("--index-url x", "a lock takes no option: --index-url x"),
        ("--extra-index-url x", "a lock takes no option: --extra-index-url x"),
        ("-i x", "a lock takes no option: -i x"),
        ("--find-links wheels", "a lock takes no option: --find-links wheels"),
        ("-r other.lock", "a lock takes no option: -r other.lock"),
        ("-e .", "a lock takes no option: -e ."),
    ],
)
def test_a_line_that_does_not_pin_is_named(make_tree: MakeTree, line: str, sentence: str) -> None:
    assert found(make_tree, cpu=f"{NUMPY}{line}\n") == [f"requirements-cpu.lock:3: {sentence}"]


def test_both_runtimes_in_one_lock_are_refused(make_tree: MakeTree) -> None:
    plain, cards = (f"{name}==1.31.1 {HASH}\n" for name in ("onnxruntime", "onnxruntime-gpu"))
    assert found(make_tree, cpu=plain, gpu=cards) == []
    assert found(make_tree, cpu=plain + cards) == [
        "requirements-cpu.lock:2: onnxruntime and onnxruntime-gpu break each other; keep one"
    ]


def test_a_package_of_two_versions_is_named_however_it_is_spelt(make_tree: MakeTree) -> None:
    one, other = f"Uv_Loop==0.22.1 {HASH}\n", f"uv-loop==0.21.0 {HASH}\n"
    assert found(make_tree, cpu=one, dev=NUMPY + other) == [
        "requirements-dev.lock:3: uv-loop is 0.21.0 here but 0.22.1 in requirements-cpu.lock"
    ]


def test_a_version_for_each_python_is_compared_as_a_set(make_tree: MakeTree) -> None:
    both = f"{NUMPY}numpy==2.5.5 ; python_full_version >= '3.12' {HASH}\n"
    assert found(make_tree, cpu=both, gpu=both) == []
    assert len(found(make_tree, cpu=both, gpu=NUMPY)) == 1
