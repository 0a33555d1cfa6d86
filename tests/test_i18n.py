"""Messages: both languages, the same placeholders, and every key that the code names."""

import re
import string
import tomllib
from pathlib import Path

import pytest

from doctorflan_ls.i18n import locale_of, message

PACKAGE = Path(__file__).parent.parent / "doctorflan_ls"
CATALOGUE = tomllib.loads((PACKAGE / "data" / "messages.toml").read_text(encoding="utf-8"))
SOURCES = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", CATALOGUE)
def test_both_languages_say_the_same(key):
    entry = CATALOGUE[key]
    assert set(entry) == {"zh", "en"}
    assert _placeholders(entry["zh"]) == _placeholders(entry["en"])
    assert "\n" not in entry["zh"] + entry["en"]
    assert re.search(r"[一-鿿]", entry["zh"]) or not re.search(r"[A-Za-z]{3}", entry["en"])


def test_every_key_in_the_code_exists():
    for path, source in SOURCES.items():
        for call in re.finditer(
            r"(?:message|say|BadRequest|BadSetting|BadNoteFile|Stale|Cancelled"
            r"|ModelUnavailable)\(\s*f?\"([a-z0-9]+\.[a-z0-9-]+)\"",
            source,
        ):
            assert call[1] in CATALOGUE, f"{path.name}: {call[1]}"


def test_every_message_is_used():
    # A key inside an f-string stands in single quotes.
    everything = "\n".join(SOURCES.values()).replace("'", '"')
    families = set(re.findall(r'f"([a-z0-9]+\.[a-z0-9-]+-)\{', everything))
    for key in CATALOGUE:
        known = f'"{key}"' in everything or any(key.startswith(family) for family in families)
        assert known, key


@pytest.mark.parametrize(
    ("tag", "locale"),
    [("zh", "zh"), ("zh-cn", "zh"), ("ZH-Hans", "zh"), ("en-GB", "en"), ("", "en"), (None, "en")],
)
def test_the_editors_tag_decides_the_language(tag, locale):
    assert locale_of(tag) == locale


def test_a_missing_key_is_an_error():
    with pytest.raises(KeyError):
        message("no.such-key", "en")
