"""Settings: every documented variable has a home, and what is wrong is named."""

import csv
from pathlib import Path

import pytest

from app.core import settings
from app.core.setting_fields import SettingInvalid

INVENTORY = Path(__file__).parents[3] / "docs" / "inventory.tsv"


def documented_variables() -> list[tuple[str, str]]:
    with INVENTORY.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["id"], row["path_or_name"]) for row in rows if row["kind"] == "env"]


@pytest.mark.inventory(
    "WH-347",
    "WH-348",
    "WH-349",
    "WH-350",
    "WH-351",
    "WH-352",
    "WH-353",
    "WH-354",
    "WH-355",
    "WH-356",
    "WH-357",
    "WH-358",
    "WH-359",
    "WH-360",
    "WH-361",
    "WH-362",
    "WH-363",
    "WH-364",
    "WH-365",
    "WH-366",
    "WH-367",
    "SO-031",
    "SO-032",
    "SO-033",
    "SO-034",
    "SO-035",
    "SO-036",
    "SO-037",
    "SO-038",
    "SO-039",
    "SO-040",
    "SO-041",
    "SO-042",
    "SO-043",
)
def test_every_documented_variable_has_a_home() -> None:
    known = {item.env for item in settings.describe()}
    assert {name for _, name in documented_variables()} <= known


def test_the_documented_defaults_are_the_defaults() -> None:
    loaded = settings.load({})
    assert (loaded.models.variant, loaded.models.device) == ("en-full", "auto")
    assert (loaded.llm.provider, loaded.llm.anthropic_model) == (None, "claude-sonnet-4-6")
    assert loaded.vad.threshold == 0.5
    assert (loaded.server.port, loaded.server.frontend_url) == (9000, "http://localhost:3000")
    assert loaded.auth.hipaa_mode is False


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"PARLEY_PORT": "70000"}, "PARLEY_PORT must be a whole number from 0 to 65535"),
        ({"PARLEY_PORT": "9000.5"}, "PARLEY_PORT must be a whole number"),
        ({"TTS_SPEED": "nan"}, "TTS_SPEED must be a number from 0.5 to 2"),
        ({"HIPAA_MODE": "maybe"}, "HIPAA_MODE must be true or false, not 'maybe'"),
        ({"VARIANT": "en-huge"}, "VARIANT must be en-tiny | hinglish"),
        ({"PARLEY_DATADIR": "x"}, "did you mean PARLEY_DATA_DIR?"),
        ({"PARLEY_X": "1"}, "PARLEY_X is not a setting"),
    ],
)
def test_what_is_wrong_is_named(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingInvalid) as refusal:
        settings.load(environ)
    assert sentence in refusal.value.message


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("Yes", True), ("off", False), ("0", False)]
)
def test_booleans_are_read_as_people_write_them(text: str, *, value: bool) -> None:
    assert settings.load({"HIPAA_MODE": text}).auth.hipaa_mode is value


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert settings.load({"PARLEY_PORT": " ", "DATABASE_URL": ""}) == settings.load({})


def test_a_secret_does_not_show_itself() -> None:
    loaded = settings.load(
        {"ANTHROPIC_API_KEY": "sk-ant-x", "DATABASE_URL": "postgresql://a:b@c/d"}
    )
    assert "sk-ant-x" not in repr(loaded)
    assert "a:b" not in repr(loaded)
    assert loaded.llm.anthropic_api_key == "sk-ant-x"


def test_a_misspelt_variable_of_no_prefix_is_pointed_out() -> None:
    assert settings.misspellings({"ASR_DEVCE": "cpu", "HOME": "/"}) == [
        "ASR_DEVCE is set but is not a setting; did you mean ASR_DEVICE?"
    ]


def test_weights_are_kept_once_per_machine() -> None:
    loaded = settings.load({})
    assert settings.model_store(loaded, {"XDG_CACHE_HOME": "/c"}) == Path("/c/parley/models")
    assert settings.model_store(loaded, {}) == Path.home() / ".cache" / "parley" / "models"
    chosen = settings.load({"PARLEY_MODELS": "/m"})
    assert settings.model_store(chosen, {"XDG_CACHE_HOME": "/c"}) == Path("/m")
