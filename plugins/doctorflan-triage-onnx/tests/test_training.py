"""The training script end to end, and the card against the figures."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from card import tables, written
from compare import out_of_scope
from corpora import questions
from doctorflan_triage_onnx import FOLDER
from doctorflan_triage_onnx.classifier import Classifier
from doctorflan_triage_onnx.model import MODEL_FILE, listed
from rows import LEAST_ROWS, OTHER_FILE, TRAINING_FILE, clusters, load, sha256, vocabulary

from doctorflan_ls.models.base import ModelOptions

ROOT = Path(__file__).parents[1]
WORDS = {
    "内分泌科": ("糖尿病", "血糖偏高", "甲状腺", "多饮多尿"),
    "呼吸科": ("咳嗽", "支气管炎", "哮喘", "咳痰"),
    "肾内科": ("肾炎", "尿蛋白", "水肿", "肾病综合征"),
}
POOL = (
    "的一是在不了有和人这中大来上个到说们为子他她时地出就要那得着下自之年过发后作里用道行所然家种事"
)


def invented() -> list[dict[str, str]]:
    """Sixty made-up questions, twenty a department, each with filler of its own."""
    chance = random.Random(7)
    return [
        {
            "department": name,
            "title": f"{words[at % 4]}怎么办？",
            "ask": f"{words[(at + 1) % 4]}，{''.join(chance.choices(POOL, k=30))}",
        }
        for name, words in WORDS.items()
        for at in range(20)
    ]


@pytest.fixture(scope="module")
def metrics() -> dict:
    return json.loads((ROOT / "training" / "metrics.json").read_text(encoding="utf-8"))


def test_the_script_runs_from_rows_to_card(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("skl2onnx")
    lines = [json.dumps(row, ensure_ascii=False) for row in invented()]
    (tmp_path / TRAINING_FILE).write_text("\n".join(lines), encoding="utf-8")
    card = tmp_path / "card.md"
    card.write_text(
        "# Card\n<!-- figures: written by training/train.py -->\n<!-- end of figures -->\nEnd\n"
    )
    made = {"--model": "made", "--metrics": "metrics.json", "--card": "card.md"}
    paths = [word for name, path in made.items() for word in (name, str(tmp_path / path))]
    script = [sys.executable, str(ROOT / "training" / "train.py"), "--data", str(tmp_path)]
    done = subprocess.run(
        [*script, *paths], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert found["cross_validation"]["rows"] == 60
    assert found["cross_validation"]["accuracy"] > 0.8
    assert found["onnx_check"]["largest_difference"] < 1e-5
    assert sum(map(sum, found["cross_validation"]["confusion"])) == 60
    assert found["model"]["departments"] == sorted(WORDS)
    assert tables(found) in card.read_text(encoding="utf-8")
    model = listed(tmp_path / "made").load(ModelOptions())
    assert model.spec.digest
    assert sha256(tmp_path / "made" / MODEL_FILE) == found["model"]["sha256"]


def test_near_copies_share_a_cluster() -> None:
    texts = ["我父亲 近来总是头晕头痛怎么办", "我父亲 近来总是头晕头痛吃什么药", "糖尿病能喝牛奶吗"]
    first, second, other = clusters(texts)
    assert first == second != other


def test_what_only_copies_say_is_not_learned() -> None:
    texts = ["甲乙丙丁", "甲乙戊己", "甲乙庚辛", "壬癸子丑", "壬癸子丑", "壬癸子丑"]
    grams = vocabulary(texts, [0, 1, 2, 3, 3, 3])
    assert grams == sorted(["甲", "乙", "甲乙"])


def test_the_card_has_the_figures(metrics: dict) -> None:
    card = (ROOT / "README.md").read_text(encoding="utf-8")
    assert written(card, metrics) == card
    assert tables(metrics) in card
    top1 = metrics["compared"]["model"]["top1"]
    assert f"{top1 * 100:.1f}%" in card


def test_the_figures_are_those_of_the_file(metrics: dict) -> None:
    model = metrics["model"]
    classifier = Classifier(FOLDER / MODEL_FILE)
    assert model["sha256"] == sha256(FOLDER / MODEL_FILE)
    assert tuple(model["departments"]) == classifier.departments
    assert (model["threshold"], model["rows"]) == (classifier.threshold, classifier.rows)
    assert model["ngrams"] == len(classifier.vocabulary)
    curve = {threshold: right for threshold, _, right in model["validation_curve"]}
    assert curve[model["threshold"]] >= model["wanted_accuracy"]
    lower = [right for threshold, right in curve.items() if threshold < model["threshold"]]
    assert all(right < model["wanted_accuracy"] for right in lower)


@pytest.mark.data
def test_no_ngram_is_of_fewer_rows_than_promised(metrics: dict) -> None:
    file = questions() / TRAINING_FILE
    assert sha256(file) == metrics["data"]["sha256"][TRAINING_FILE]
    texts = [row.text for row in load(file)]
    for gram in Classifier(FOLDER / MODEL_FILE).vocabulary:
        assert sum(gram in text for text in texts) >= LEAST_ROWS


@pytest.mark.data
def test_it_abstains_out_of_scope_as_the_card_says(metrics: dict) -> None:
    file = questions() / OTHER_FILE
    found = out_of_scope(Classifier(FOLDER / MODEL_FILE), load(file))["out_of_scope"]
    wanted = metrics["other_questions"]["out_of_scope"]
    # The triage table and the recognised denials are the server's, and change with it.
    assert abs(found["abstained"] - wanted["abstained"]) <= 5
