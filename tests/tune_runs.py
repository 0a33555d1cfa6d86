"""Runs of tuning on a tiny made model, and the files that describe them."""

import json

from tiny_decoders import tiny, write_hf

CONTEXT = 8192


def tiny_base(folder):
    """A random llama of a few thousand values, with room for a note of bytes."""
    write_hf(tiny("llama"), folder)
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8")) | {"max_position_embeddings": CONTEXT}
    path.write_text(json.dumps(config))
    return folder


def rows(count=60):
    """Rows whose answers follow from their questions."""
    return [
        {
            "id": number,
            "category": "Triage",
            "input": f"case {number % 7}: fever",
            "output": f"ward {number % 7} please",
            "case": f"c{number % 11}",
        }
        for number in range(count)
    ]


def write_rows(path, given):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in given)
    path.write_text(text, "utf-8")
    return path


TABLES = {
    "base": {"model": "base", "licence": "MIT", "languages": ["en"]},
    "data": {"files": ["rows.jsonl"], "validation": 0.2},
    "method": {"rank": 4},
    "training": {
        "steps": 12,
        "learning_rate": 0.01,
        "length": 128,
        "accumulate": 2,
        "checkpoint_every": 4,
        "log_every": 1,
        "threads": 1,
        "device": "cpu",
        "precision": "fp32",
    },
    "run": {"folder": "out"},
}


def write_config(path, **changed):
    """A run's file; ``changed`` are changes by table, None leaves a key out."""
    lines = []
    for name, table in TABLES.items():
        lines.append(f"[{name}]")
        given = {**table, **changed.get(name, {})}
        lines += [f"{key} = {json.dumps(each)}" for key, each in given.items() if each is not None]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
