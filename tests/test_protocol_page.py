"""docs/protocol.md says what the schemas, the handlers and the tests say."""

import json
import re
from pathlib import Path

import pytest

from doctorflan_ls.server import jsonrpc
from doctorflan_ls.server.capabilities import server_capabilities
from doctorflan_ls.server.client import Client
from doctorflan_ls.server.requests import FEATURES

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
SCHEMAS = sorted((ROOT / "schemas" / "protocol").glob("*.json"))
LSP_SHAPES = {"position", "range", "textDocument"}


def _section(name):
    found = re.search(rf"^### {name}\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def _described(schema):
    """Names of properties and words of enumerations, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from schema.get("enum", ())
        for value in schema.values():
            yield from _described(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _described(value)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_field_of_a_custom_message_is_on_the_page(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    shapes = [shape for name, shape in schema["$defs"].items() if name not in LSP_SHAPES]
    section = _section(schema["title"])
    # The layers of a setting are those of docs/settings.md.
    layers = {"default", "user", "workspace", "client", "environment", "command line"}
    for name in set(_described(shapes)) - layers:
        assert f"`{name}`" in section, name


def test_every_custom_request_has_a_schema_and_a_section():
    capabilities = server_capabilities(Client())
    listed = capabilities["experimental"]["doctorflan"]["requests"]
    registered = {name.partition("/")[2] for name in FEATURES if name.startswith("doctorflan/")}
    assert set(listed) == registered == {path.stem for path in SCHEMAS}
    for name in listed:
        _section(f"doctorflan/{name}")


@pytest.mark.parametrize("method", FEATURES)
def test_every_method_is_on_the_page(method):
    heading = f"### {method}\n"
    assert f"`{method}`" in PAGE or heading in PAGE


def test_every_error_code_is_on_the_page():
    codes = {each for name, each in vars(jsonrpc).items() if name.isupper() and name[0] != "_"}
    for code in codes:
        if isinstance(code, int) and code < 0:
            assert str(code) in PAGE, code


def test_every_repair_names_a_test_that_exists():
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    named = re.findall(r"`(test_\w+)`", PAGE)
    repaired = {int(n) for name in named for n in re.findall(r"m(\d+)_", name)}
    assert repaired == set(range(1, 14))
    for name in named:
        assert f"def {name}(" in tests, name
