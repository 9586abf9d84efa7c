"""A malformed manifest is answered with a sentence that names the entry and the field."""

from pathlib import Path

import pytest

from app.inference.manifest import ManifestInvalid, ModelUnknown, read_manifest

ROOT = Path(__file__).parents[3]
GOOD = """
[[model]]
id = "m"
title = "M"
licence = "MIT"
kind = "k"
files = [{ name = "a.bin", bytes = 3, sha256 = "%s", sources = [{ url = "https://x/a" }] }]
""" % ("0" * 64)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "manifest.toml"
    path.write_text(text, "utf-8")
    return path


def test_our_own_manifest_is_sound() -> None:
    manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
    for model in manifest.models:
        assert (ROOT / "onnx_models" / model.id / "card.md").is_file()
        for file in model.files:
            assert file.sources[0].url is not None, "the publisher comes first"


@pytest.mark.parametrize(
    ("replace", "by", "sentence"),
    [
        ("bytes = 3", "bytes = 0", r"model 'm', field `files\[0\].bytes`: Expected `int` >= 1"),
        ("bytes = 3", 'bytes = "3"', r"model 'm', field `files\[0\].bytes`: Expected `int`"),
        ("0" * 64, "0" * 63, r"model 'm', field `files\[0\].sha256`"),
        ("0" * 64, "F" * 64, r"model 'm', field `files\[0\].sha256`"),
        ('"a.bin"', '"../a.bin"', r"model 'm', field `files\[0\].name`"),
        ('"a.bin"', '".a.verified"', r"model 'm', field `files\[0\].name`"),
        ('url = "https://x/a"', "", r"field `files\[0\].sources\[0\]`: needs either"),
        ('url = "https://x/a"', 'url = "ftp://x/a"', r"field `files\[0\].sources\[0\].url`"),
        (
            'url = "https://x/a"',
            'packages = [{ pypi = "--index-url=x", member = "y" }]',
            r"field `files\[0\].sources\[0\].packages\[0\].pypi`",
        ),
        (
            'url = "https://x/a"',
            'packages = [{ npm = "--registry=x", member = "y" }]',
            r"field `files\[0\].sources\[0\].packages\[0\].npm`",
        ),
        (
            'url = "https://x/a"',
            'packages = [{ npm = "a@1", pypi = "a==1", member = "y" }]',
            r"field `files\[0\].sources\[0\].packages\[0\]`: needs either `pypi` or `npm`",
        ),
        ('[{ url = "https://x/a" }]', "[]", r"field `files\[0\].sources`"),
        ('licence = "MIT"\n', "", r"model 'm': Object missing required field `licence`"),
        ('id = "m"', 'id = "M/.."', r"model 'M/..', field `id`"),
        ('id = "m"\n', "", r"model 1: Object missing required field `id`"),
        ('kind = "k"', 'kind = "k"\nkept = true', r"needs either `files`, `on` or `kept`"),
        ('kind = "k"', 'kind = "k"\nsize = 1', r"model 'm': Object contains unknown field `size`"),
        ("[[model]]", "[[model]", r"is not TOML"),
        ("[[model]]", "[[models]]", r"unknown table 'models'"),
        (GOOD, "", r"no \[\[model\]\] is listed"),
        (GOOD, "model = [3]", r"model 1: Expected `object`"),
        (GOOD, GOOD + GOOD, r"model 'm' is listed twice"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, replace: str, by: str, sentence: str) -> None:
    assert replace in GOOD
    with pytest.raises(ManifestInvalid, match=sentence):
        read_manifest(written(tmp_path, GOOD.replace(replace, by, 1)))


def test_what_is_kept_in_the_repository_has_nothing_to_fetch(tmp_path: Path) -> None:
    text = '[[model]]\nid = "m"\ntitle = "M"\nlicence = "MIT"\nkind = "k"\n'
    (model,) = read_manifest(written(tmp_path, f"{text}kept = true\n")).models
    assert (model.files, model.bytes) == ((), 0)
    with pytest.raises(ManifestInvalid, match="needs either"):
        read_manifest(written(tmp_path, text))


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="cannot be read: No such file"):
        read_manifest(tmp_path / "manifest.toml")


def test_models_are_selected_by_id(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, GOOD + GOOD.replace('"m"', '"n"')))
    assert [model.id for model in manifest.select([])] == ["m", "n"]
    assert [model.id for model in manifest.select(["n", "n"])] == ["n"]
    with pytest.raises(ModelUnknown, match="no model 'o'; known: m, n"):
        manifest.select(["m", "o"])


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    one = read_manifest(written(tmp_path, GOOD)).get("m")
    two = read_manifest(written(tmp_path, GOOD.replace("0" * 64, "1" * 64))).get("m")
    assert one.version != two.version
