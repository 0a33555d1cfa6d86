"""The model as it is installed: listed, verified, and what its drafts say."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from doctorflan_triage_onnx import FOLDER, register_models
from doctorflan_triage_onnx.classifier import Classifier
from doctorflan_triage_onnx.decision import decide
from doctorflan_triage_onnx.model import MODEL_FILE, TriageModel, listed, load
from doctorflan_triage_onnx.reading import read
from doctorflan_triage_onnx.tables import departments, word

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, Model, ModelOptions, Sampling, Stop
from doctorflan_ls.models.folders import manifest
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.testing import ModelContract
from doctorflan_ls.text import Span

DIABETES = (
    "主诉：口干、多饮、多尿2月。\n"
    "现病史：患者男，52岁，2月前出现口干多饮，外院查空腹血糖升高，考虑糖尿病，无胸痛，无咳嗽。\n"
    "既往史：高血压病5年。\n"
    "体格检查：T 36.5℃，P 78次/分，R 18次/分，BP 138/84mmHg。\n"
)
EMERGENCY = (
    "主诉：咳嗽、咳痰3天，气喘1天。\n"
    "现病史：患者男，66岁，受凉后感冒，咳嗽，咳黄痰，支气管炎多年。\n"
    "体格检查：T 38.9℃，P 136次/分，R 34次/分，BP 82/50mmHg。\n"
)
FRACTURE = "主诉：摔伤致右前臂肿痛2小时。\n现病史：患者男，30岁，跌倒后右前臂骨折，活动受限。\n"
VAGUE = "主诉：不舒服。\n现病史：患者女，40岁，近来总觉得身体不太好，想检查一下。\n"


@pytest.fixture(scope="module")
def model() -> TriageModel:
    return load(FOLDER, manifest.read(FOLDER))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(FOLDER / MODEL_FILE)


def prompt_for(text: str, span: Span | None = None) -> Prompt:
    return Prompt(get_task("triage"), parse_note(text), span or Span(0, len(text)), "zh")


def draft(model: Model, text: str, span: Span | None = None) -> list[Chunk]:
    return list(model.generate(prompt_for(text, span), Sampling(), Stop()))


def said(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


def own(chunks: list[Chunk]) -> list[Chunk]:
    return [chunk for chunk in chunks if chunk.element == "departments"]


class TestContract(ModelContract):
    task = "triage"
    notes = {"zh": DIABETES}

    def model(self) -> Model:
        return load(FOLDER, manifest.read(FOLDER))


class TestContractOfAnAbstention(TestContract):
    notes = {"zh": FRACTURE}


def test_it_is_listed_without_being_loaded() -> None:
    registered = []
    register_models(registered.append)
    (found,) = registered
    spec = found.spec
    assert (spec.id, spec.kind, spec.languages, spec.tasks) == (
        "triage",
        "onnx",
        ("zh",),
        ("triage",),
    )
    assert spec.licence == "MIT"
    assert re.fullmatch("[0-9a-f]{64}", spec.digest)
    assert isinstance(found.load(ModelOptions()), TriageModel)


@pytest.mark.parametrize("spoil", ["changed", "missing", "unlisted"])
def test_a_file_that_is_not_the_manifests_is_refused(tmp_path: Path, spoil: str) -> None:
    folder = tmp_path / "trained"
    shutil.copytree(FOLDER, folder)
    file = folder / MODEL_FILE
    if spoil == "changed":
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    elif spoil == "missing":
        file.unlink()
    else:
        (folder / "extra.json").write_text("{}")
    keys = {"changed": "file-differs", "missing": "file-missing", "unlisted": "unlisted"}
    with pytest.raises(ModelUnavailable) as raised:
        listed(folder).load(ModelOptions())
    assert raised.value.key == f"store.{keys[spoil]}"
    assert "triage" in raised.value.user_message("zh")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL_FILE).write_bytes(b"no graph")
    described = replace(manifest.read(FOLDER), files=manifest.hashed(tmp_path, [MODEL_FILE]))
    with pytest.raises(ModelUnavailable) as raised:
        load(tmp_path, manifest.write(tmp_path, described))
    assert raised.value.key.startswith("onnx.")


def test_another_task_another_language_and_a_closed_model_are_refused() -> None:
    model = load(FOLDER, manifest.read(FOLDER))
    prompt = prompt_for(DIABETES)
    wrong = {
        "engine.not-task": replace(prompt, task=get_task("case-summary")),
        "engine.not-language": replace(prompt, language="en"),
    }
    for key, other in wrong.items():
        with pytest.raises(ModelUnavailable) as raised:
            next(model.generate(other, Sampling(), Stop()))
        assert raised.value.key == key
    model.close()
    with pytest.raises(ModelUnavailable) as raised:
        next(model.generate(prompt, Sampling(), Stop()))
    assert raised.value.key == "onnx.closed"


def test_probabilities_are_what_the_contributions_add_up_to(classifier: Classifier) -> None:
    nothing = np.log(classifier.scores("").probabilities.astype(float))
    for text in ("糖尿病", "咳嗽 咳痰 发热", "高血压 头晕 头晕", "\U00020000胃痛"):
        scores = classifier.scores(text)
        assert scores.probabilities.sum() == pytest.approx(1.0, abs=1e-5)
        apart = np.log(scores.probabilities.astype(float)) - nothing
        added = scores.contributions.sum(axis=0).astype(float)
        # Both are known up to one number for all departments.
        assert apart - apart.mean() == pytest.approx(added - added.mean(), abs=1e-3)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("糖尿病，血糖高，多饮多尿", "内分泌科"),
        ("咳嗽，咳痰，气管炎，哮喘", "呼吸科"),
        ("高血压，血压高，心慌，冠心病", "心血管科"),
        ("癫痫发作，头痛", "神经科"),
        ("肾炎，尿蛋白，肾病综合征", "肾内科"),
    ],
)
def test_plain_complaints_find_their_department(
    classifier: Classifier, text: str, label: str
) -> None:
    note = parse_note(text)
    scores = classifier.scores(read(note, Span(0, len(text))).text)
    assert classifier.departments[scores.ranked()[0]] == label


def test_a_suggestion_quotes_the_note_and_what_is_denied_is_no_evidence(
    model: TriageModel,
) -> None:
    chunks = own(draft(model, DIABETES))
    quoted = [chunk for chunk in chunks if chunk.evidence]
    assert quoted
    for chunk in quoted:
        (span,) = chunk.evidence
        assert DIABETES[span.start : span.end] == chunk.text
    words = "".join(chunk.text for chunk in quoted)
    assert "血糖" in words or "糖尿病" in words
    assert "胸痛" not in words
    text = said(chunks)
    assert "1. ［模型建议，请核对］内分泌科（模型概率 " in text
    assert not any(chunk.gap for chunk in chunks)
    assert "440 条" in text
    assert "请医生核对" in text.splitlines()[-1]


def test_the_example_of_the_card_is_what_it_says(model: TriageModel) -> None:
    card = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    note, answer = re.findall(r"```text\n(.*?)```", card, re.DOTALL)
    suggested = answer[answer.index("建议科室") :].strip()
    assert said(own(draft(model, note))) == suggested


def test_a_selection_limits_what_is_quoted(model: TriageModel) -> None:
    text = DIABETES + "\n主诉：咳嗽、咳痰1周。\n现病史：患者咳嗽，咳痰，气管炎。\n"
    start = text.rindex("主诉")
    # Two sections: a selection inside one is read with the whole note.
    span = Span(start, len(text))
    chunks = own(draft(model, text, span))
    spans = [one for chunk in chunks for one in chunk.evidence]
    assert spans
    assert all(span.contains(one) for one in spans)


def test_a_word_repeated_without_end_is_quoted_briefly(classifier: Classifier) -> None:
    text = "主诉：" + "咳嗽" * 200
    found = decide(classifier, parse_note(text), Span(0, len(text))).suggestions[0]
    assert found.label == "呼吸科"
    assert all(span.end - span.start <= 20 for span in found.evidence)


def test_no_more_than_three_departments_likeliest_first(classifier: Classifier) -> None:
    text = "主诉：乏力、水肿、头晕、发热。\n"
    found = decide(classifier, parse_note(text), Span(0, len(text))).suggestions
    shares = [one.probability for one in found]
    assert 1 < len(found) <= 3
    assert shares == sorted(shares, reverse=True)
    assert all(0 < share < 1 for share in shares)


def test_an_emergency_sign_stands_first(model: TriageModel) -> None:
    chunks = draft(model, EMERGENCY)
    text = said(chunks)
    assert text.startswith("急诊征象：")
    assert text.index("危急") < text.index(word("emergency")) < text.index("［模型建议")
    signs = [chunk for chunk in chunks if chunk.element == "urgency" and chunk.evidence]
    assert any("34" in chunk.text for chunk in signs)
    assert "呼吸内科" in text


def test_it_abstains_where_the_table_points_elsewhere(model: TriageModel) -> None:
    chunks = own(draft(model, FRACTURE))
    text = said(chunks)
    assert "首先指向骨科" in text
    assert "模型概率" not in text
    assert [chunk.gap for chunk in chunks if chunk.gap] == ["departments"]
    assert "骨折" in [chunk.text for chunk in chunks if chunk.evidence]


def test_it_abstains_below_its_threshold(model: TriageModel, classifier: Classifier) -> None:
    found = decide(classifier, parse_note(VAGUE), Span(0, len(VAGUE)))
    assert found.outcome == "unsure"
    assert found.suggestions[0].probability < classifier.threshold
    text = said(draft(model, VAGUE))
    assert f"低于 {round(classifier.threshold * 100)}%" in text
    assert "模型概率" not in text


@pytest.mark.parametrize("text", ["", "\n\n", "12345 67。", "〇〇", "主诉：\n"])
def test_it_abstains_where_it_knows_no_word(model: TriageModel, text: str) -> None:
    chunks = own(draft(model, text))
    assert "没有本模型认识的词语" in said(chunks)
    assert any(chunk.gap for chunk in chunks)


def test_a_draft_nobody_reviewed_is_not_read() -> None:
    text = "主诉：头痛。\n〔草稿 triage · skeleton · 1〕\n糖尿病\n〔/草稿〕\n"
    note = parse_note(text)
    reading = read(note, Span(0, len(text)))
    assert "头痛" in reading.text
    assert all(
        text[at] != "\n" or letter == " "
        for letter, at in zip(reading.text, reading.offsets, strict=True)
    )


def test_every_letter_of_a_reading_is_where_it_says(classifier: Classifier) -> None:
    text = "主诉：ＡＬＴ升高，ﬁ、血糖 14.8mmol/L。\r\n现病史：\U00020000 咳嗽\t咳痰"
    reading = read(parse_note(text), Span(0, len(text)))
    assert len(reading.text) == len(reading.offsets)
    assert "alt升高" in reading.text
    start = reading.text.index("咳痰")
    span = reading.span(start, start + 2)
    assert text[span.start : span.end] == "咳痰"
    assert classifier.scores(reading.text).known


def test_the_file_is_small_and_names_known_departments(classifier: Classifier) -> None:
    assert (FOLDER / MODEL_FILE).stat().st_size < 1_000_000
    assert set(classifier.departments) == set(departments())
    assert all(1 <= len(gram) <= 3 and gram.isalpha() for gram in classifier.vocabulary)
    assert 0.3 <= classifier.threshold < 1
    assert json.dumps(sorted(classifier.vocabulary)) == json.dumps(list(classifier.vocabulary))
