"""A model's manifest: schema and reader agree, errors name the line, writing gives it back."""

import hashlib
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders import paths, store
from doctorflan_ls.models.folders.manifest import Manifest, ModelFile, Sample
from doctorflan_ls.tasks.model import Bilingual

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schemas" / "model.schema.json").read_text(encoding="utf-8"))
VALID = """id = "tiny"
version = "1.0"
kind = "onnx"
licence = "Apache-2.0"
source = "a test"
languages = ["zh", "en"]
context_length = 512
template = "chat.jinja"

[description]
zh = "很小的模型"
en = "a tiny model"

[limits]
zh = "只用于测试"
en = "for tests alone"

[[files]]
path = "model.onnx"
sha256 = "{digest}"
size = 3

[[files]]
path = "chat.jinja"
sha256 = "{digest}"
size = 3

[sample]
question = "发热"
answer = "多喝水"
max_tokens = 8

[hardware]
memory_mib = 100
threads = 2
""".replace("{digest}", "0" * 64)
SERVER = """id = "ward"
version = "1"
kind = "openai"
licence = "MIT"
source = "IT"
languages = ["zh"]
description = { zh = "甲", en = "a" }
limits = { zh = "乙", en = "b" }

[remote]
url = "http://10.0.0.5:8000/v1"
model = "qwen"
key = "env:WARD_KEY"
"""


def parsed(text: str) -> Manifest:
    return manifests.parse(text.encode(), "model.toml")


def fits_schema(text: str) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(tomllib.loads(text))


@pytest.mark.parametrize("text", [VALID, SERVER])
def test_what_the_schema_takes_is_read(text):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(tomllib.loads(text), SCHEMA)
    found = parsed(text)
    assert found.digest == hashlib.sha256(text.encode()).hexdigest()


def test_every_field_arrives():
    found = parsed(VALID)
    assert found.sample == Sample("发热", "多喝水", 8)
    assert (found.memory_mib, found.threads, found.context_length) == (100, 2, 512)
    assert found.files == (
        ModelFile("model.onnx", "0" * 64, 3),
        ModelFile("chat.jinja", "0" * 64, 3),
    )
    assert found.limits == Bilingual("只用于测试", "for tests alone")
    assert found.template == "chat.jinja"
    server = parsed(SERVER)
    assert (server.url, server.model) == ("http://10.0.0.5:8000/v1", "qwen")
    assert server.key == "env:WARD_KEY"


# Text to replace, its replacement, the message, the line it names; and whether the schema, which
# knows nothing of names on disk, sees it too.
BAD = [
    ('id = "tiny"', 'id = "Tiny"', "manifest.bad-form", 1, True),
    ('id = "tiny"', 'id = "../tiny"', "manifest.bad-form", 1, True),
    ('id = "tiny"', 'id = "skeleton"', "manifest.reserved-id", 1, True),
    ('id = "tiny"', 'id = "con"', "manifest.reserved-id", 1, False),
    ('id = "tiny"', f'id = "{"a" * 65}"', "manifest.too-long", 1, True),
    ('version = "1.0"', "version = 1.0", "manifest.not-text", 2, True),
    ('version = "1.0"', 'version = "1/0"', "manifest.bad-form", 2, True),
    ('kind = "onnx"', 'kind = "skeleton"', "manifest.not-choice", 3, True),
    ('kind = "onnx"', 'kind = "openai"', "manifest.files-not-allowed", 18, True),
    ('licence = "Apache-2.0"', "", "manifest.missing-key", None, True),
    ('source = "a test"', 'source = "a\\nb"', "manifest.not-one-line", 5, True),
    ('languages = ["zh", "en"]', "languages = []", "manifest.not-choices", 6, True),
    ('languages = ["zh", "en"]', 'languages = ["fr"]', "manifest.not-choices", 6, True),
    ("context_length = 512", "context_length = -1", "manifest.not-number", 7, True),
    ("context_length = 512", "context_length = true", "manifest.not-number", 7, True),
    ("context_length = 512", "context = 512", "manifest.unknown-key", 7, True),
    ("context_length = 512", 'tasks = "triage"', "manifest.not-texts", 7, True),
    ("context_length = 512", "context_length = = 1", "manifest.not-toml", 7, None),
    ('template = "chat.jinja"', 'template = "other.jinja"', "manifest.not-a-file", 8, False),
    ('en = "a tiny model"', 'fr = "x"', "manifest.unknown-key", 12, True),
    ('en = "a tiny model"', f'en = "{"x" * 2001}"', "manifest.too-long", 12, True),
    ("size = 3", 'size = "3"', "manifest.not-number", 21, True),
    ('path = "model.onnx"', 'path = "../model.onnx"', "manifest.bad-path", 19, False),
    ('path = "model.onnx"', 'path = "/etc/passwd"', "manifest.bad-path", 19, False),
    ('path = "model.onnx"', 'path = "C:/model.onnx"', "manifest.bad-path", 19, False),
    ('path = "model.onnx"', 'path = "model.bin"', "manifest.pickle", 19, False),
    ('path = "model.onnx"', 'path = "modeling.PY"', "manifest.program", 19, False),
    ('path = "model.onnx"', 'path = "CHAT.jinja"', "manifest.twice", 24, False),
    ('path = "model.onnx"', 'path = "model.toml"', "manifest.twice", 19, False),
    ("max_tokens = 8", "max_tokens = 0", "manifest.not-number", 31, True),
    ("[hardware]", "[remote]", "manifest.unknown-key", 34, True),
    ("0" * 64, "0" * 63, "manifest.bad-form", 20, True),
]


@pytest.mark.parametrize(("old", "new", "key", "line", "schema"), BAD)
def test_a_mistake_is_named_with_its_line(old, new, key, line, schema):
    assert old in VALID
    text = VALID.replace(old, new, 1)
    with pytest.raises(ModelUnavailable) as raised:
        parsed(text)
    assert raised.value.key == key
    assert raised.value.fields["at"] == ("model.toml" if line is None else f"model.toml:{line}")
    for locale in ("zh", "en"):
        assert "\n" not in raised.value.user_message(locale)
    if schema is not None:
        assert fits_schema(text) is not schema


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("http://10.0.0.5:8000/v1", "file:///etc/passwd", "manifest.bad-url"),
        ("http://10.0.0.5:8000/v1", "http://me:secret@host/v1", "manifest.bad-url"),
        ("env:WARD_KEY", "sk-123456", "manifest.bad-form"),
        ('kind = "openai"', 'kind = "onnx"', "manifest.remote-not-allowed"),
        ('model = "qwen"\n', "", "manifest.missing-key"),
        ("[remote]", "[hardware]", "manifest.unknown-key"),
    ],
)
def test_a_servers_mistakes(old, new, key):
    assert old in SERVER
    text = SERVER.replace(old, new, 1)
    with pytest.raises(ModelUnavailable) as raised:
        parsed(text)
    assert raised.value.key == key
    assert "secret" not in raised.value.user_message()
    assert "sk-123456" not in raised.value.user_message()
    assert not fits_schema(text)


@given(st.text(alphabet="abhtps:/[]@.?#0159 中%", max_size=30))
def test_no_address_is_listed_that_cannot_be_read(rest):
    text = SERVER.replace("http://10.0.0.5:8000/v1", f"http://{rest}")
    try:
        host = store.host_of(parsed(text).url)
    except ModelUnavailable:
        return
    assert host
    assert "@" not in host


@pytest.mark.parametrize("port", ["99999", "x", "0", "-1"])
def test_a_port_that_is_none(port):
    with pytest.raises(ModelUnavailable) as raised:
        parsed(SERVER.replace("8000", port))
    assert raised.value.key == "manifest.bad-url"


def test_bytes_that_are_no_manifest(tmp_path):
    for data, key in (
        (b'id = "a"\nversion = "\xff"', "manifest.not-utf8"),
        (b"#" * (manifests.MAX_MANIFEST_BYTES + 1), "manifest.too-large"),
        (b"a = " + b"[" * 100_000, "manifest.not-toml"),
        (b'a = "\x00"', "manifest.not-toml"),
    ):
        (tmp_path / "model.toml").write_bytes(data)
        with pytest.raises(ModelUnavailable) as raised:
            manifests.read(tmp_path)
        assert raised.value.key == key
    with pytest.raises(ModelUnavailable) as raised:
        manifests.read(tmp_path / "nowhere")
    assert raised.value.key == "manifest.missing"


@pytest.mark.parametrize("text", [VALID, SERVER])
def test_written_and_read_again(tmp_path, text):
    found = parsed(text)
    written = manifests.write(tmp_path, found)
    assert manifests.read(tmp_path) == written
    assert replace(written, digest="") == replace(found, digest="")
    assert fits_schema((tmp_path / "model.toml").read_text(encoding="utf-8"))
    assert [path.name for path in tmp_path.iterdir()] == ["model.toml"]


def test_a_bad_manifest_is_not_written(tmp_path):
    with pytest.raises(ModelUnavailable):
        manifests.write(tmp_path, replace(parsed(VALID), id="../../evil"))
    assert list(tmp_path.iterdir()) == []


@given(st.text(min_size=1), st.text(min_size=1), st.text(max_size=50))
def test_any_text_survives_writing(zh, question, source):
    made = replace(
        parsed(VALID),
        description=Bilingual(zh, "x"),
        sample=Sample(question, "y", 1),
        source=source,
    )
    text = manifests.to_toml(made)
    fits = fits_schema(text) and all(part.strip() for part in (zh, question, source))
    if fits and not {"\n", "\r"} & set(source):
        assert replace(parsed(text), digest="") == replace(made, digest="")
    else:
        with pytest.raises(ModelUnavailable):
            parsed(text)


def test_hashing_a_folder(tmp_path):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model.onnx").write_bytes(b"abc")
    (tmp_path / "model.toml").write_text(VALID, encoding="utf-8")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert manifests.hashed(tmp_path) == (ModelFile("onnx/model.onnx", digest, 3),)


@given(st.text(alphabet=st.sampled_from("ab./\\:~ \x00中CON1")))
def test_a_safe_path_stays_in_its_folder(path):
    if paths.is_safe(path):
        root = Path("/models/x")
        joined = Path(str(root / path))
        assert not Path(path).is_absolute()
        assert ".." not in joined.parts
        assert joined.is_relative_to(root)
        assert joined != root
        assert "\\" not in path
        assert ":" not in path


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("model.onnx", True),
        ("onnx/model.onnx_data", True),
        ("模型/词表.json", True),
        (".gitattributes", True),
        ("", False),
        (".", False),
        ("a/../b", False),
        ("a//b", False),
        ("a/", False),
        ("/a", False),
        ("a\\b", False),
        ("C:a", False),
        ("con.txt", False),
        ("a./b", False),
        ("e\u0301", False),
        ("a\nb", False),
        ("a" * 241, False),
    ],
)
def test_which_paths_are_safe(path, safe):
    assert paths.is_safe(path) is safe


def test_the_example_in_the_documentation_is_a_manifest():
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(id = .*?)```", page, re.DOTALL)
    assert len(examples) == 1
    jsonschema.validate(tomllib.loads(examples[0]), SCHEMA)
    assert parsed(examples[0]).id == "ward-model"
    for key in SCHEMA["properties"]:
        assert re.search(rf"`?\[*{key}\b", page), key
