"""Times to the minute, plans, diagnoses, people, orders: a rule points at what «is marked»."""

from __future__ import annotations

import pytest

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.run import check
from doctorflan_ls.notes.context import NOTHING, Context, Moment, read_moment
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.testing.notes import marked

EMERGENCY = "急诊病历\n{}\n主诉：腹痛2小时\n"
DEATH = "死亡记录\n入院日期：2024-03-01\n{}\n死亡诊断：脑出血\n"
RESCUE = "抢救记录\n{}\n"
FIRST = "首次病程记录\n病例特点：咳嗽3天。\n诊疗计划：{}\n"
ADMISSION = "入院记录\n主诉：咳嗽3天\n现病史：咳嗽。\n初步诊断：{}\n"
DISCHARGE = "出院记录\n诊疗经过：止咳。\n出院医嘱：{}\n"
SHEET = "{}\n2024-03-05 10:20\n{}\n"
SOAP = "SOAP NOTE\n\nASSESSMENT:\n{}\n\nPLAN:\n{}\n"


def found(source: str, rule: str, context: Context = NOTHING) -> list[Finding]:
    options = CheckOptions(context=context)
    return [each for each in check(parse_note(source), options) if each.rule.id == rule]


def points_at(source: str, rule: str, context: Context = NOTHING) -> None:
    note = marked(source)
    spans = [each.span for each in found(note.text, rule, context)]
    assert spans == list(note.spans)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (EMERGENCY.format("就诊时间：«2024-03-05»  科别：急诊科"), "ZO-02"),
        (EMERGENCY.format("就诊时间：«2024年3月5日»上午"), "ZO-02"),
        (EMERGENCY.format("就诊时间：2024-03-05 10:20"), "ZO-02"),
        (EMERGENCY.format("就诊时间：2024年3月5日10时20分"), "ZO-02"),
        (EMERGENCY.format("就诊时间：2024年3月5日10时整"), "ZO-02"),
        # A visit that is no emergency needs no minute; a missing time is another rule's.
        ("门诊病历\n就诊时间：2024-03-05\n主诉：腹痛2小时\n", "ZO-02"),
        (EMERGENCY.format("科别：急诊科"), "ZO-02"),
        (DEATH.format("死亡时间：«2024-03-05»"), "ZM-02"),
        (DEATH.format("死亡时间：2024-03-05 20:15"), "ZM-02"),
        (DEATH.format("诊疗经过：于2024年3月5日20:15死亡。"), "ZM-02"),
        (RESCUE.format("抢救时间：«2024-03-05»\n抢救措施：胸外按压"), "ZR-02"),
    ],
)
def test_times_to_the_minute(source: str, rule: str) -> None:
    note = marked(source)
    spans = [each.span for each in found(note.text, rule) if "未见此项" not in each.message("zh")]
    assert spans == list(note.spans)


CRITICAL = Context(severity="critical")


@pytest.mark.parametrize(
    ("source", "context"),
    [
        ("病程记录\n«2024-03-06»\n患者病情危重，呼吸衰竭。\n李某某\n", NOTHING),
        ("病程记录\n«2024-03-06»\n患者呼吸衰竭。\n李某某\n", CRITICAL),
        ("病程记录\n2024-03-06 09:30\n患者下病危通知。\n李某某\n", NOTHING),
        ("病程记录\n2024-03-06\n患者病情平稳。\n李某某\n", NOTHING),
        ("病程记录\n2024-03-06\n患者已停病危。\n李某某\n", NOTHING),
        ("病程记录\n2024-03-06\n患者下病危通知。\n李某某\n", Context(severity="stable")),
        (
            "病程记录\n2024-03-06\n患者呼吸衰竭。\n李某某\n",
            Context(severity="critical", record_time=read_moment("2024-03-06 09:30")),
        ),
    ],
)
def test_a_critical_patient(source: str, context: Context) -> None:
    points_at(source, "ZD-03", context)


@pytest.mark.parametrize(
    "source",
    [
        FIRST.format("«完善相关检查，对症治疗。»"),
        FIRST.format("«1. 完善相关检查；2. 对症支持治疗；3. 观察病情变化。»"),
        FIRST.format("1. 完善胸部CT；2. 对症治疗。"),
        FIRST.format("完善相关检查，予氨溴索 30mg 静滴。"),
        FIRST.format("对症治疗，低盐饮食。"),
        # A follow-up note may say so: the plan stands in the first one.
        "日常病程记录\n2024-03-06 09:00\n处理：对症治疗。\n",
    ],
)
def test_a_plan_of_empty_phrases(source: str) -> None:
    points_at(source, "ZF-04")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (ADMISSION.format("发热待查"), "“发热待查”之后没有列出可能性较大的诊断"),
        (ADMISSION.format("1. 腹痛原因待查"), "“腹痛原因待查”之后没有列出可能性较大的诊断"),
        (ADMISSION.format("急性支气管炎\n高血压病"), "多项诊断没有编号"),
        (ADMISSION.format("发热待查：肺炎？"), None),
        (ADMISSION.format("发热待查 肺结核可能"), None),
        (ADMISSION.format("发热待查\n1. 肺炎\n2. 肺结核"), None),
        (ADMISSION.format("1. 急性支气管炎\n2. 高血压病"), None),
        (ADMISSION.format("\n急性支气管炎"), None),
        (ADMISSION.format("冠心病\n  不稳定型心绞痛\n  心功能Ⅱ级"), None),
        (ADMISSION.format("急性支气管炎\n李某某"), None),
        (ADMISSION.format("急性支气管炎\n李某某/张某某\n2024-03-05"), None),
    ],
)
def test_diagnoses(source: str, words: str | None) -> None:
    said = [each.message("zh").partition("：")[2] for each in found(source, "ZA-16")]
    assert said == ([] if words is None else [words])


def test_a_department_with_an_examination_of_its_own() -> None:
    record = "入院记录\n主诉：腰痛3天\n«体格检查»：腰椎压痛。\n"
    points_at(record, "ZA-14", Context(department="骨科"))
    points_at(record.replace("«", "").replace("»", ""), "ZA-14", Context(department="呼吸内科"))
    points_at(record.replace("«", "").replace("»", ""), "ZA-14")
    beside = "入院记录\n主诉：腰痛3天\n体格检查：平稳。\n专科情况：腰椎压痛。\n"
    points_at(beside, "ZA-14", Context(department="骨科"))


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        ("T 36.8℃，P 80次/分，R 20次/分，BP 120/80mmHg。双肺清，心率80次/分，腹软。", False),
        ("腹软，心率80次/分，双肺清。T 36.8℃，P 80次/分，R 20次/分，BP 120/80mmHg。", True),
        ("双肺清。腹软。", False),
    ],
)
def test_the_order_of_an_examination(body: str, reported: bool) -> None:
    text = f"入院记录\n主诉：咳嗽3天\n体格检查：{body}\n"
    said = [each for each in found(text, "ZA-13") if "次序" in each.message("zh")]
    assert [each.rule.severity for each in said] == (["information"] if reported else [])


@pytest.mark.parametrize(
    "source",
    [
        RESCUE.format("参加人员：王某某主任医师、«李某某»、赵某某护士"),
        RESCUE.format("参加人员：王某某主任医师、李某某主治医师、赵某某护士"),
        RESCUE.format("参加人员：王某某（主任医师）、李某某（护士长）"),
        RESCUE.format("参加人员：主任医师：王某某、李某某；护士：赵某某"),
        RESCUE.format("参加人员：主任医师王某某、李某某"),
        RESCUE.format("参加人员：王某某主任医师、«急诊科李某某»"),
        RESCUE.format("参加人员：王某某主任医师、麻醉科、检验科、家属2人等"),
        RESCUE.format("参加人员：急诊科全体医师"),
    ],
)
def test_participants_have_titles(source: str) -> None:
    points_at(source, "ZR-03")


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ("1. 甲氨蝶呤 10mg 每周1次 4周", "甲氨蝶呤未见用法（途径）"),
        ("1. 奥美拉唑", "奥美拉唑未见剂量、用法（途径）、频次、疗程"),
        ("1. 阿司匹林肠溶片 100mg 长期服用", "阿司匹林未见频次"),
        ("1. 阿司匹林肠溶片 100mg 每日1次 长期服用", None),
        ("1. 二甲双胍 0.5g tid po 2周", None),
        ("1. 头孢曲松 2g ivgtt qd 7天", None),
        ("1. 胰岛素 早10U 晚8U 皮下注射 长期", None),
        ("1. 0.9%氯化钠注射液 100ml + 头孢曲松 2g 静滴 每日1次 7天", None),
        ("1. 继续服用氨氯地平。2. 避免服用阿司匹林。", None),
        ("1. 停用阿司匹林。", None),
    ],
)
def test_discharge_drugs(orders: str, words: str | None) -> None:
    said = [each.message("zh") for each in found(DISCHARGE.format(orders), "ZX-03")]
    assert said == ([] if words is None else [f"建议补充“出院带药”：{words}"])


def test_a_course_alone_is_information() -> None:
    text = DISCHARGE.format("1. 阿司匹林肠溶片 100mg 每日1次")
    assert [each.rule.severity for each in found(text, "ZX-03")] == ["information"]


@pytest.mark.parametrize(
    "source",
    [
        DISCHARGE.format("1. 注意休息。2. «定期复查»，不适随诊。"),
        DISCHARGE.format("1. 注意休息。2. 1周后门诊复查。不适随诊。"),
        DISCHARGE.format("1. 定期复查肝功能。"),
        DISCHARGE.format("1. 每月门诊随访。"),
    ],
)
def test_a_follow_up(source: str) -> None:
    points_at(source, "ZX-03")


@pytest.mark.parametrize(
    ("title", "order", "words"),
    [
        ("长期医嘱单", "阿司匹林 100 qd 口服", "阿司匹林未见剂量单位"),
        ("长期医嘱单", "头孢曲松 2g qd", "头孢曲松未见用法（途径）"),
        ("长期医嘱单", "头孢曲松 2g 静滴", "头孢曲松未见频次"),
        ("长期医嘱单", "头孢曲松 静滴 qd", "头孢曲松未见剂量"),
        ("长期医嘱单", "头孢曲松 2g 静滴 每日20次", "“每日20次”少见，请核对"),
        ("长期医嘱单", "头孢曲松 0g 静滴 qd", "“0g”少见，请核对"),
        ("临时医嘱单", "头孢曲松 2g 静滴", None),
        ("长期医嘱单", "头孢曲松 2g 静滴 qd", None),
        ("长期医嘱单", "低盐饮食", None),
        ("病程记录", "头孢曲松 2g", None),
    ],
)
def test_order_sheets(title: str, order: str, words: str | None) -> None:
    said = [each.message("zh") for each in found(SHEET.format(title, order), "ZY-02")]
    assert said == ([] if words is None else [f"建议补充“医嘱”：{words}"])


def test_an_order_sheet_has_a_time() -> None:
    sheet = "«长期医嘱单»\n2024-03-05\n头孢曲松 2g 静滴 qd\n"
    points_at(sheet, "ZY-02")
    told = Context(record_time=Moment(read_moment("2024-03-05 10:20").at, precise=True))  # type: ignore[union-attr]
    points_at(sheet.replace("«", "").replace("»", ""), "ZY-02", told)


PROBLEMS = "1. Hypertension.\n2. Diabetes mellitus.\n3. {}Knee osteoarthritis{}."
NAMED = "Hypertension: lisinopril 10 mg daily.\nDiabetes: metformin 500 mg twice daily."


@pytest.mark.parametrize(
    "source",
    [
        SOAP.format(PROBLEMS.format("«", "»"), NAMED),
        SOAP.format(PROBLEMS.format("", ""), f"{NAMED}\nOsteoarthritis: physical therapy."),
        # As many items as problems: the third speaks of the knee.
        SOAP.format(PROBLEMS.format("", ""), "1. Lisinopril.\n2. Metformin.\n3. Physical therapy."),
        # A plan of actions does not go by problem.
        SOAP.format(PROBLEMS.format("", ""), "Continue current treatment."),
        SOAP.format("Knee pain.", "Rest."),
    ],
)
def test_every_problem_has_a_plan(source: str) -> None:
    points_at(source, "EN-SOAP-04")


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ("王芳主任医师、李强、护士刘洋", ["李强"]),
        ("护士刘洋、李强", []),
        ("医师：张三、李四", []),
        ("王芳主任医师、李强主治医师、刘洋护士", []),
    ],
)
def test_a_title_before_a_name_excuses_nobody_before_it(people, words):
    text = f"抢救记录\n参加抢救人员：{people}\n"
    found = [each for each in check(parse_note(text)) if each.rule.id == "ZR-03"]
    assert [text[slice(*each.span)] for each in found] == words
