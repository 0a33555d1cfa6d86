"""Sources of plugins that tests load, and how a test loads them."""

import os
import subprocess
import sys
from pathlib import Path

from doctorflan_ls import hookspecs
from doctorflan_ls.hookspecs import BUDGETS
from doctorflan_ls.plugins import Plugins, Registry

ROOT = Path(__file__).parent.parent
QUICK = dict.fromkeys(BUDGETS, 0.3) | {"import": 2.0, "register_tasks": 2.0}
HEAD = """
from doctorflan_ls.hookspecs import hookimpl
DOCTORFLAN_API = 1
"""
MODEL = (
    HEAD
    + """
from doctorflan_ls.models.base import Chunk, Listed, ModelSpec

class Mine:
    spec = ModelSpec("mine", "1", "skeleton")
    def generate(self, prompt, sampling, stop):
        yield Chunk("from mine")
    def close(self):
        pass

@hookimpl
def register_models(register):
    print("hello from a plugin")
    register(Listed(Mine.spec, lambda options: Mine()))
"""
)
TASK = """
id = "handover"
category = "Handover"
origin = "plugin"
phase = "any"
pinyin = "jbxj"
title = { zh = "交班小结", en = "Handover note" }
description = { zh = "要点", en = "The points" }
instruction = { zh = "写出交班小结。", en = "Write the handover note." }

[[elements]]
key = "state"
title = { zh = "情况", en = "State" }
ask = { zh = "生命体征", en = "vital signs" }
sources = ["vitals:"]
"""
TASK_IN_PYTHON = (
    HEAD
    + f"""
from doctorflan_ls.tasks.loader import load_task

@hookimpl
def register_tasks(register):
    register(load_task('''{TASK}''', "here"))
"""
)
ZH = "主诉：咳嗽3天。\n体格检查：T 38.5℃，P 96次/分。\n初步诊断：肺\n"


def models(registry: Registry) -> list[str]:
    return [each.listed.spec.id for each in registry.models]


def codes(made: Plugins) -> dict[str, str]:
    return {problem.name: problem.error.key for problem in made.problems}


def installed(folder: Path, name: str, source: str) -> Path:
    """A package as pip leaves it."""
    module = f"plugin_{name.replace('-', '_')}"
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{hookspecs.GROUP}]\nmain = {module}\n")
    return folder


def program(site: Path, *command: str, plugins: str | None = "*") -> subprocess.CompletedProcess:
    environment = os.environ | {
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "XDG_DATA_HOME": str(site / "data"),
        "XDG_CONFIG_HOME": str(site / "config"),
        "DOCTORFLAN_PLUGINS": plugins,
    }
    program = [sys.executable, *command]
    return subprocess.run(
        program, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
