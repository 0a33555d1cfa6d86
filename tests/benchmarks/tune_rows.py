"""Rows of DoctorFLAN's form out of the licensed notes beside the checkout.

    python -m tests.benchmarks.tune_rows OUT.jsonl [zh] [en]

Chinese: CMB-Clin's questions about a case, the instruction in front that the server's task has.
English: MTS-Dialog's dialogues and the section each was summed up in, ACI-Bench's visits and their
notes. ``case`` keeps all rows of one case on one side of a split. Never copied into the project.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctorflan_ls.tasks.registry import get_task

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TAG = "<病例描述>"
# Words of CMB-Clin's questions, the first that fits; what fits none is left out.
_CUES = (
    ("鉴别", "Differential Diagnosis"),
    ("诊断", "Definitive Diagnosis"),
    ("检查", "Next Examinations"),
    ("治疗", "Treatment Plan"),
    ("处理", "Treatment Plan"),
)

Row = dict[str, Any]


def rows(languages: tuple[str, ...] = ("zh", "en")) -> Iterator[Row]:
    """The rows, numbered from 1."""
    made = [
        *(_cmb() if "zh" in languages else ()),
        *(_mts() if "en" in languages else ()),
        *(_aci() if "en" in languages else ()),
    ]
    for number, row in enumerate(made, start=1):
        yield {"id": number, **row}


def _cmb() -> Iterator[Row]:
    for case in _records("CMB-Clin/cases.jsonl"):
        for pair in case["QA_pairs"]:
            name = next((name for cue, name in _CUES if cue in pair["question"]), None)
            if name is None or not pair["answer"].strip():
                continue
            instruction = get_task(name).instruction.zh
            text = "\n".join(line.strip() for line in case["description"].splitlines())
            answer = "\n".join(line.strip() for line in pair["answer"].splitlines())
            yield _row(f"cmb-{case['id']}", name, instruction, text, answer)


def _mts() -> Iterator[Row]:
    for each in _records("MTS-Dialog/dialogs.jsonl"):
        instruction = f"Sum up the dialogue as the section {each['section_header']} of a note."
        case = f"mts-{each['split']}-{each['ID']}"
        text = each["dialogue"].replace("\r\n", "\n")
        yield _row(case, "Case Summary", instruction, text, each["section_text"])


def _aci() -> Iterator[Row]:
    for each in _records("ACI-Bench/encounters.jsonl"):
        case = f"aci-{each['encounter_id']}"
        instruction = get_task("Case Summary").instruction.en
        yield _row(case, "Case Summary", instruction, each["dialogue"], each["note"])


def _row(case: str, category: str, instruction: str, text: str, answer: str) -> Row:
    asked = f"{instruction}\n{TAG}：{text.strip()}"
    return {"case": case, "category": category, "input": asked, "output": answer.strip()}


def _records(path: str) -> Iterator[Any]:
    with (DATA / path).open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def write(out: Path, languages: tuple[str, ...]) -> int:
    """Write them as JSON Lines; how many."""
    made = list(rows(languages))
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made)
    out.write_text(text, encoding="utf-8")
    return len(made)


if __name__ == "__main__":
    count = write(Path(sys.argv[1]), tuple(sys.argv[2:]) or ("zh", "en"))
    sys.stdout.write(f"{count} rows in {sys.argv[1]}\n")
