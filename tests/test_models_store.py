"""Adding models: from folders and archives, hostile and broken ones, and loading what was added."""

import gzip
import hashlib
import io
import os
import pickle
import stat
import struct
import tarfile
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctorflan_ls.errors import BadRequest, ModelUnavailable
from doctorflan_ls.models import catalogue
from doctorflan_ls.models.base import ModelOptions
from doctorflan_ls.models.folders import content, intake, store
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders.manifest import Manifest, ModelFile
from doctorflan_ls.tasks.model import Bilingual

FILES = {"onnx/model.onnx": b"\x08\x08" + b"w" * 1000, "tokenizer.json": "{'词': 1}".encode()}


def manifest(files: dict[str, bytes], **changes: object) -> Manifest:
    listed = tuple(
        ModelFile(path, hashlib.sha256(data).hexdigest(), len(data)) for path, data in files.items()
    )
    made = Manifest(
        id="tiny",
        version="1.0",
        kind="onnx",
        licence="MIT",
        source="a test",
        languages=("zh", "en"),
        description=Bilingual("小", "small"),
        limits=Bilingual("测试", "tests"),
        digest="",
        files=listed,
    )
    return replace(made, **changes)


def packed(files: dict[str, bytes] = FILES, root: str = "", **changes: object) -> dict[str, bytes]:
    """The content of a model folder, manifest and all."""
    toml = manifests.to_toml(manifest(files, **changes)).encode()
    return {f"{root}{path}": data for path, data in {**files, "model.toml": toml}.items()}


def as_folder(path: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def as_zip(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def as_tgz(path: Path, content: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


@pytest.fixture
def options(tmp_path) -> ModelOptions:
    return ModelOptions(folder=str(tmp_path / "models"))


def refused(source: Path, options: ModelOptions, key: str, **keywords: object) -> None:
    """Nothing is added, nothing is left, and the reason is one line in both languages."""
    before = sorted(Path(options.folder).rglob("*"))
    with pytest.raises(ModelUnavailable) as raised:
        intake.add(source, options, **keywords)
    assert raised.value.key == key, str(raised.value)
    for locale in ("zh", "en"):
        assert "\n" not in raised.value.user_message(locale)
    assert sorted(Path(options.folder).rglob("*")) == before


MAKERS = [
    ("folder", as_folder),
    ("model.zip", as_zip),
    ("model-1.0-py3-none-any.whl", as_zip),
    ("model.tgz", as_tgz),
    ("model.tar", lambda path, content: as_tgz(path, content, "w")),
]


@pytest.mark.parametrize("root", ["", "package/", "模型/"])
@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_a_model_is_added_and_listed(tmp_path, options, name, make, root):
    extra = {f"{root}modeling.py": b"import os", f"{root}说明.md": b"x"}
    source = make(tmp_path / name, packed(root=root) | extra)
    seen = []
    added = intake.add(source, options, progress=lambda done, total: seen.append((done, total)))
    assert added.left_out == tuple(sorted(extra))
    assert added.folder == Path(options.folder) / "tiny"
    assert seen[-1] == (sum(map(len, FILES.values())),) * 2
    for path, data in FILES.items():
        assert (added.folder / path).read_bytes() == data
    assert sorted(found.name for found in added.folder.iterdir()) == [
        "model.toml",
        "onnx",
        "tokenizer.json",
    ]
    specs = {spec.id: spec for spec in catalogue.specs(options)}
    assert specs["tiny"].version == "1.0"
    assert specs["tiny"].digest == added.manifest.digest
    assert catalogue.find("tiny", options).folder == added.folder
    store.verify(added.folder, added.manifest)


def test_names_in_chinese(tmp_path, options):
    files = {"权重/模型.onnx": b"\x08abc", "词 表.json": b"{}"}
    source = as_zip(tmp_path / "模型.zip", packed(files))
    added = intake.add(source, options)
    assert (added.folder / "权重" / "模型.onnx").read_bytes() == b"\x08abc"


def test_an_existing_one_is_replaced_only_when_asked(tmp_path, options):
    intake.add(as_zip(tmp_path / "a.zip", packed()), options)
    newer = as_zip(tmp_path / "b.zip", packed({"m.onnx": b"\x08new"}, version="2.0"))
    refused(newer, options, "store.exists")
    added = intake.add(newer, options, replace=True)
    assert added.manifest.version == "2.0"
    assert sorted(path.name for path in added.folder.iterdir()) == ["m.onnx", "model.toml"]
    assert [path.name for path in Path(options.folder).iterdir()] == ["tiny"]
    # A replacement that fails leaves the old one where it was.
    bad = as_zip(tmp_path / "c.zip", packed() | {"tokenizer.json": b"tampered"})
    refused(bad, options, "store.wrong-size", replace=True)
    assert manifests.read(added.folder).version == "2.0"


def test_a_manifest_of_ones_own(tmp_path, options):
    source = as_tgz(tmp_path / "npm.tgz", {f"package/{path}": data for path, data in FILES.items()})
    refused(source, options, "store.no-manifest-onnx")
    own = tmp_path / "own.toml"
    own.write_text(manifests.to_toml(manifest(FILES)), encoding="utf-8")
    added = intake.add(source, options, manifest=own)
    assert (added.folder / "onnx" / "model.onnx").read_bytes() == FILES["onnx/model.onnx"]
    refused(source, options, "manifest.unreadable", manifest=tmp_path / "nowhere.toml")


# Broken and hostile sources


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "a/../../evil.txt", "/etc/evil", "C:\\evil", "a\\..\\..\\evil", "aux", "x\ny"],
)
@pytest.mark.parametrize(("file", "make"), [("m.zip", as_zip), ("m.tgz", as_tgz)])
def test_an_archive_that_leaves_its_folder_is_refused(tmp_path, options, file, make, name):
    source = make(tmp_path / file, packed() | {name: b"evil"})
    refused(source, options, "store.unsafe-path")
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_a_link_in_a_zip_is_refused(tmp_path, options):
    path = as_zip(tmp_path / "m.zip", packed())
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    refused(path, options, "store.link")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, options, kind):
    path = tmp_path / "m.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in packed().items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        entry = tarfile.TarInfo("link")
        entry.type = kind
        entry.linkname = "model.toml"
        archive.addfile(entry)
    refused(path, options, "store.link")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_in_a_folder(tmp_path, options):
    source = as_folder(tmp_path / "m", packed())
    (source / "unlisted").symlink_to("/etc/passwd")
    assert intake.add(source, options).left_out == ("unlisted",)
    secret = tmp_path / "secret"
    secret.write_bytes(FILES["tokenizer.json"])
    (source / "tokenizer.json").unlink()
    (source / "tokenizer.json").symlink_to(secret)
    refused(source, options, "store.link", replace=True)
    (source / "onnx").rename(tmp_path / "elsewhere")
    (source / "onnx").symlink_to(tmp_path / "elsewhere")
    refused(source, options, "store.link", replace=True)


@pytest.mark.parametrize(("file", "make"), [("m.zip", as_zip), ("m.tgz", as_tgz)])
def test_a_bomb_is_refused_unread(tmp_path, options, file, make):
    source = make(tmp_path / file, packed() | {"zeros": bytes(100 * 1024 * 1024)})
    begun = time.monotonic()
    refused(source, options, "store.bomb")
    assert time.monotonic() - begun < 5


def test_a_zip_whose_entry_holds_more_than_it_says(tmp_path, options):
    files = {"model.onnx": b"\x08" + bytes(5000)}
    path = as_zip(tmp_path / "m.zip", packed(files))
    data = path.read_bytes()
    # Both the local and the central header say 10 bytes.
    wrong = data.replace(struct.pack("<L", 5001), struct.pack("<L", 10))
    assert wrong != data
    path.write_bytes(wrong)
    refused(path, options, "store.wrong-size")
    lying = {"model.onnx": files["model.onnx"][:10]}
    toml = tmp_path / "own.toml"
    toml.write_text(manifests.to_toml(manifest(lying)), encoding="utf-8")
    refused(path, options, "store.broken", manifest=toml)


def test_a_tar_header_that_asks_for_gigabytes(tmp_path, options):
    header = tarfile.TarInfo("././@LongLink")
    header.type = tarfile.GNUTYPE_LONGNAME
    header.size = 8 * 2**30
    path = tmp_path / "m.tgz"
    with gzip.open(path, "wb") as out:
        out.write(header.tobuf(format=tarfile.GNU_FORMAT))
        out.write(bytes(10**6))
    refused(path, options, "store.bomb")


def test_a_tar_that_leads_back_to_itself(tmp_path, options):
    entry = tarfile.TarInfo("loop")
    block = bytearray(entry.tobuf(format=tarfile.GNU_FORMAT))
    # A size below 0 in base 256.
    block[124:136] = (-1024).to_bytes(12, "big", signed=True)
    block[148:156] = b" " * 8
    checksum = sum(block)
    block[148:156] = f"{checksum:06o}\0 ".encode()
    path = tmp_path / "m.tar"
    path.write_bytes(bytes(block) + bytes(10240))
    done = []

    def add() -> None:
        with pytest.raises(ModelUnavailable):
            intake.add(path, options)
        done.append(True)

    thread = threading.Thread(target=add, daemon=True)
    thread.start()
    thread.join(5)
    assert done


class _Evil:
    def __reduce__(self):
        return os.system, ("echo evil",)


def _zipped_pickle() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(_Evil()))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        *(pickle.dumps(_Evil(), protocol) for protocol in range(6)),
        _zipped_pickle(),
        b"\x7fELF" + bytes(100),
        b"#!/bin/sh\necho evil\n",
        b"(S'echo evil'\nios\nsystem\n.",
    ],
    ids=[*(f"protocol{each}" for each in range(6)), "torch", "elf", "script", "inst"],
)
def test_a_pickle_under_another_name_is_refused(tmp_path, options, data):
    refused(as_zip(tmp_path / "m.zip", packed({"model.onnx": data})), options, "store.dangerous")


def test_what_only_looks_dangerous_is_not():
    # The length of a safetensors header can begin as a pickle does.
    assert not content.is_dangerous(struct.pack("<Q", 0x010280) + b'{"__metadata__":{}}')
    for text in (b'{"a": 1}', b"{% for", b"cat\nsat\non\n", b"Copyright (c) 2012.\n", b"MIT", b""):
        assert not content.is_dangerous(text)
    # Raw weights may begin with anything.
    for start in (b"MZ", b"#!", b"\x80\x02", b"\x80\x04", b"\x80\x05"):
        assert not content.is_dangerous(start + bytes(range(256)))


def test_pickles_in_other_clothes():
    # The first eight bytes could also be the length of a safetensors header.
    assert content.is_dangerous(b"\x80\x02\x8a\x05\x00\x00\x00\x00{cos\nsystem\n(S'x'\ntR.")
    # The harm comes after more than is looked at.
    assert content.is_dangerous(pickle.dumps(["x" * 10**6, _Evil()]))
    windows = b"MZ".ljust(0x3C) + (0x80).to_bytes(4, "little")
    assert content.is_dangerous(windows.ljust(0x80) + b"PE\0\0")


def test_a_pickle_by_name_is_refused(tmp_path, options):
    # The writer would refuse the name too.
    toml = manifests.to_toml(manifest(FILES)).replace("tokenizer.json", "pytorch_model.bin")
    content = {**FILES, "pytorch_model.bin": b"x", "model.toml": toml.encode()}
    refused(as_zip(tmp_path / "m.zip", content), options, "manifest.pickle")


@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_a_source_that_is_not_what_its_manifest_says(tmp_path, options, name, make):
    content = packed()
    other = bytes(len(FILES["tokenizer.json"]))
    refused(
        make(
            tmp_path / "1" / name if name == "folder" else tmp_path / f"1{name}",
            content | {"tokenizer.json": other},
        ),
        options,
        "store.wrong-hash",
    )
    refused(
        make(
            tmp_path / "2" / name if name == "folder" else tmp_path / f"2{name}",
            content | {"tokenizer.json": b"short"},
        ),
        options,
        "store.wrong-size",
    )
    refused(
        make(
            tmp_path / "3" / name if name == "folder" else tmp_path / f"3{name}",
            {path: data for path, data in content.items() if path != "tokenizer.json"},
        ),
        options,
        "store.not-in-source",
    )


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
@pytest.mark.parametrize(("file", "make"), [("m.zip", as_zip), ("m.tgz", as_tgz)])
def test_a_truncated_archive(tmp_path, options, file, make, kept):
    noise = {"model.onnx": b"\x08" + os.urandom(200_000)}
    path = make(tmp_path / file, packed(noise))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(ModelUnavailable) as raised:
        intake.add(path, options)
    assert raised.value.key in {"store.broken", "store.no-manifest-onnx", "store.not-in-source"}
    assert not list(Path(options.folder).rglob("*"))


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (packed(root="a/") | packed(root="b/"), "store.many-models"),
        (packed() | {"TOKENIZER.json": b"x"}, "store.twice"),
        (packed(root="a/b/"), "store.no-manifest-onnx"),
        ({"model.safetensors": b"x"}, "store.no-manifest-export"),
        ({"m.gguf": b"x"}, "store.no-manifest-export"),
        ({"x.txt": b"x"}, "store.no-manifest"),
        ({"model.toml": b"id = "}, "manifest.not-toml"),
        (packed() | {f"f{each}": b"" for each in range(20_001)}, "store.too-many"),
    ],
)
def test_what_holds_no_one_model(tmp_path, options, content, key):
    refused(as_zip(tmp_path / "m.zip", content), options, key)


def test_what_is_no_source(tmp_path, options):
    refused(tmp_path / "nowhere", options, "store.no-source")
    (tmp_path / "text").write_text("hello" * 1000)
    refused(tmp_path / "text", options, "store.no-archive")
    (tmp_path / "empty").write_bytes(b"")
    refused(tmp_path / "empty", options, "store.no-archive")
    (tmp_path / "m.gguf").write_bytes(b"GGUF\x03" + bytes(100))
    refused(tmp_path / "m.gguf", options, "store.no-manifest-export")
    (tmp_path / "pk").write_bytes(b"PK\x03\x04nonsense")
    refused(tmp_path / "pk", options, "store.broken")
    (tmp_path / "gz").write_bytes(gzip.compress(b"no tar" * 1000))
    refused(tmp_path / "gz", options, "store.broken")


def test_an_encrypted_entry(tmp_path, options):
    path = as_zip(tmp_path / "m.zip", packed())
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(bytes(data))
    refused(path, options, "store.unusual-entry")


def test_no_space_is_said_before_anything_is_written(tmp_path, options, monkeypatch):
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(intake.shutil, "disk_usage", lambda _path: usage)
    refused(as_zip(tmp_path / "m.zip", packed()), options, "store.no-space")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_add_leaves_nothing(tmp_path, options, stop):
    def interrupt(done: int, total: int) -> None:
        assert any(Path(options.folder).rglob("*.onnx"))
        raise stop

    source = as_zip(tmp_path / "m.zip", packed())
    with pytest.raises(stop):
        intake.add(source, options, progress=interrupt)
    assert list(Path(options.folder).iterdir()) == []


def test_what_a_killed_add_left_is_swept_later(tmp_path, options):
    half = Path(options.folder) / ".adding-dead"
    half.mkdir(parents=True)
    (half / "x").write_bytes(b"x")
    young = Path(options.folder) / ".adding-alive"
    young.mkdir()
    os.utime(half, (1, 1))
    assert len(catalogue.survey(options).problems) == 0
    intake.add(as_zip(tmp_path / "m.zip", packed()), options)
    assert sorted(path.name for path in Path(options.folder).iterdir()) == [
        ".adding-alive",
        "tiny",
    ]


NAMES = st.text(alphabet=st.sampled_from("ab./\\:~ 中\x00\nCON1-"), min_size=1, max_size=12)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES, tar=st.booleans())
def test_no_name_ever_reaches_outside(tmp_path, name, tar):
    area = tmp_path / "area"
    options = ModelOptions(folder=str(area / "models"))
    buffer = tmp_path / "m"
    try:
        (as_tgz if tar else as_zip)(buffer, packed() | {name: b"x"})
    except (ValueError, IndexError):
        return
    try:
        intake.add(buffer, options, replace=True)
    except ModelUnavailable as error:
        assert error.key in {"store.unsafe-path", "store.twice", "store.broken"}  # noqa: PT017
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and "tiny" not in path.parts]
    assert outside == [buffer]


# Listing and loading


def test_a_broken_one_is_listed_as_broken_and_stops_no_other(tmp_path, options):
    intake.add(as_zip(tmp_path / "m.zip", packed()), options)
    folder = Path(options.folder)
    as_folder(folder / "broken", {"model.toml": b"id = 3"})
    as_folder(folder / "empty", {})
    (folder / "empty").mkdir()
    (folder / "stray.txt").write_text("x")
    as_folder(folder / "twin", packed())
    assert {spec.id for spec in catalogue.specs(options)} >= {"skeleton", "tiny"}
    problems = {each.name: each.error.key for each in catalogue.survey(options).problems}
    assert problems["empty"] == "manifest.missing"
    assert problems["broken"].startswith("manifest.")
    assert problems["tiny"] == "models.taken"
    if hasattr(os, "mkfifo"):
        (folder / "pipe").mkdir()
        os.mkfifo(folder / "pipe" / "model.toml")
        assert "pipe" in {each.name for each in catalogue.survey(options).problems}
    with pytest.raises(ModelUnavailable) as raised:
        catalogue.load_model("broken", options)
    assert raised.value.key.startswith("manifest.")
    with pytest.raises(BadRequest) as unknown:
        catalogue.load_model("nothing", options)
    assert "skeleton" in str(unknown.value)
    assert "tiny" in str(unknown.value)
    assert catalogue.load_model("skeleton", options).spec.id == "skeleton"


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("x")
    options = ModelOptions(folder=str(tmp_path / "file"))
    assert [each.error.key for each in catalogue.survey(options).problems] == ["store.unreadable"]
    assert catalogue.specs(options)[0].id == "skeleton"


def test_a_changed_file_is_refused_before_anything_is_loaded(tmp_path, options):
    added = intake.add(as_zip(tmp_path / "m.zip", packed()), options)
    store.verify(added.folder, added.manifest)
    path = added.folder / "onnx" / "model.onnx"
    data = bytearray(path.read_bytes())
    times = path.stat()
    data[500] ^= 1
    path.write_bytes(bytes(data))
    # Even where its size and its time are made to look the same.
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ModelUnavailable) as raised:
        catalogue.load_model("tiny", options)
    assert raised.value.key == "store.file-differs"
    path.unlink()
    with pytest.raises(ModelUnavailable) as raised:
        catalogue.load_model("tiny", options)
    assert raised.value.key == "store.file-missing"


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("generation_config.json", True),
        ("Chat_Template.JINJA", True),
        ("model-2.safetensors", True),
        ("README.md", False),
        (".DS_Store", False),
    ],
)
def test_what_the_manifest_does_not_list_is_not_read(tmp_path, options, name, refused):
    added = intake.add(as_zip(tmp_path / "m.zip", packed()), options)
    store.verify(added.folder, added.manifest)
    (added.folder / name).write_bytes(b"{}")
    if not refused:
        store.verify(added.folder, added.manifest)
        return
    with pytest.raises(ModelUnavailable) as raised:
        catalogue.load_model("tiny", options)
    assert raised.value.key == "store.unlisted"
    assert name in raised.value.user_message()


def test_an_untouched_file_is_read_once(tmp_path, options, monkeypatch):
    added = intake.add(as_zip(tmp_path / "m.zip", packed()), options)
    store.verify(added.folder, added.manifest)
    monkeypatch.setattr(manifests, "sha256", lambda _path: "0" * 64)
    store.verify(added.folder, added.manifest)
    (added.folder / "tokenizer.json").touch()
    with pytest.raises(ModelUnavailable):
        store.verify(added.folder, added.manifest)


def test_removing(tmp_path, options):
    intake.add(as_zip(tmp_path / "m.zip", packed()), options)
    as_folder(Path(options.folder) / "broken", {"model.toml": b"id = 3"})
    store.remove("tiny", options)
    store.remove("broken", options)
    assert list(Path(options.folder).iterdir()) == []
    for model in ("tiny", "skeleton", "..", ""):
        with pytest.raises(ModelUnavailable) as raised:
            store.remove(model, options)
        assert raised.value.key == "store.not-added"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("", ""),
        ("http://10.0.0.5:8000/v1", "10.0.0.5:8000"),
        ("https://models.example/v1", "models.example:443"),
        ("http://[::1]:80/v1", "[::1]:80"),
    ],
)
def test_the_host_that_text_goes_to(url, host):
    assert store.host_of(url) == host


def test_where_models_live(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if os.name == "posix":
        assert store.models_folder(ModelOptions()) == tmp_path / "doctorflan-ls" / "models"
    assert store.models_folder(ModelOptions(folder="/x")) == Path("/x")
    # What comes of a home that cannot be found.
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_a, **_k: Path("~/.local/share"))
    with pytest.raises(ModelUnavailable) as raised:
        store.models_folder(ModelOptions())
    assert raised.value.key == "store.no-home"
