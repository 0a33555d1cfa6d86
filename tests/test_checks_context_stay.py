"""A note against the other notes of its stay; «where» the rules point."""

from __future__ import annotations

import pytest

from tests.test_checks_context import expected, found, rules_at

PLAIN = (
    "患者今日神志清楚，精神可，诉咳嗽较前减轻，痰量减少，无发热、胸痛，夜间睡眠可，饮食正常，二便正常。"
    "查体：双肺呼吸音粗，右下肺可闻及少许湿啰音，心律齐，腹软，双下肢无水肿。"
    "继续目前抗感染、化痰治疗，明日复查血常规及胸片，密切观察病情变化。"
)
OTHER = (
    "患者昨夜出现发热，体温最高38.6℃，伴畏寒，无寒战，给予物理降温后降至37.4℃，咳少量黄痰。"
    "查体：咽部充血，双肺呼吸音粗，左下肺闻及湿啰音，心率96次/分，律齐。"
    "复查血常规提示白细胞升高，考虑感染控制欠佳，送痰培养，升级治疗方案，注意补液及电解质。"
)


def note(doc_type: str, text: str, record_time: str | None = None) -> dict[str, str]:
    given = {"doc_type": doc_type, "text": text}
    return given if record_time is None else {**given, "record_time": record_time}


def stay(*notes: dict[str, str], **more: object) -> dict[str, object]:
    return {"other_notes": list(notes), **more}


def ids(source: str, context: dict[str, object]) -> list[str]:
    return [rule for rule, _ in rules_at(source, context)]


def progress(text: str = PLAIN, at: str = "2024-03-06 09:00", title: str = "日常病程记录") -> str:
    return f"{at} {title}\n{text}\n医师签名：张三\n"


def daily(text: str = OTHER, at: str = "2024-03-05 09:00") -> dict[str, str]:
    return note("日常病程记录", progress(text, at), at)


# Copies


@pytest.mark.parametrize(
    ("mine", "theirs", "copied"),
    [
        (PLAIN, PLAIN, True),
        (PLAIN, PLAIN.replace("。", ".").replace("，", " ， "), True),
        (PLAIN, PLAIN.replace("明日", "今日"), True),
        (PLAIN + OTHER, PLAIN + OTHER + "已向家属交代。" * 3, True),
        (PLAIN, OTHER, False),
        ("病情平稳，继续目前治疗。", "病情平稳，继续目前治疗。", False),
        (
            PLAIN,
            PLAIN.replace("咳嗽较前减轻，痰量减少，无发热", "咳嗽加重，痰中带血，伴发热38.9℃"),
            False,
        ),
    ],
)
def test_a_progress_note_that_is_another_again(mine: str, theirs: str, copied: bool) -> None:
    context = stay(daily(theirs))
    assert ids(progress(mine), context) == (["ZC-06"] if copied else [])


def test_a_copy_is_told_once_and_with_its_day() -> None:
    context = stay(daily(PLAIN, "2024-03-04 09:00"), daily(PLAIN, "2024-03-05 09:00"))
    [finding] = found(progress(), context)
    assert "2024-03-04" in finding.message("zh")
    assert finding.related[0].other == 0
    assert "Daily Progress Note of 2024-03-04" in finding.message("en")
    assert finding.rule.severity == "warning"


def test_what_is_no_progress_note_is_not_compared() -> None:
    assert ids(progress(), stay(note("入院记录", PLAIN))) == []
    assert ids("出院记录\n" + PLAIN, stay(daily(PLAIN))) == []


def test_a_return_visit_that_is_the_last_one_again() -> None:
    source = f"«门诊复诊病历»\n就诊时间：2024-03-12 09:00\n现病史：{PLAIN}\n处理：同前\n"
    last = f"门诊复诊病历\n就诊时间：2024-03-05 10:20\n现病史：{PLAIN}\n处理：同前\n"
    assert rules_at(source, stay(note("复诊", last))) == expected(source, "ZO-04")
    fresh = last.replace(PLAIN, OTHER)
    assert ids(source, stay(note("复诊", fresh))) == []


FEATURES = "首次病程记录\n{heading}：{features}\n拟诊讨论：{discussion}\n诊疗计划：抗感染。\n"


def test_case_features_that_are_the_history() -> None:
    source = FEATURES.format(heading="«病例特点»", features=PLAIN, discussion="考虑肺炎。")
    admission = note("入院记录", f"入院记录\n主诉：咳嗽3天\n现病史：{PLAIN}\n既往史：体健。\n")
    assert rules_at(source, stay(admission)) == expected(source, "ZF-05")
    other = note("入院记录", f"入院记录\n主诉：咳嗽3天\n现病史：{OTHER}\n既往史：体健。\n")
    assert ids(source, stay(other)) == []


def test_a_discussion_that_is_the_case_features() -> None:
    source = FEATURES.format(heading="病例特点", features=PLAIN, discussion=PLAIN)
    source = source.replace("拟诊讨论", "«拟诊讨论»")
    assert rules_at(source, {}) == expected(source, "ZF-05")


# One patient, one side


@pytest.mark.parametrize(
    ("diagnosis", "theirs", "opposed"),
    [
        ("«左股骨颈»骨折", "右股骨颈骨折", True),
        ("左股骨颈骨折", "左股骨颈骨折", False),
        ("左股骨颈骨折", "双侧股骨颈骨折", False),
        ("左股骨颈骨折", "1.右股骨颈骨折术后 2.左股骨颈骨折", False),
        ("左股骨颈骨折", "股骨颈骨折", False),
        ("左股骨颈骨折", "右肺结节", False),
    ],
)
def test_the_other_side_in_another_note(diagnosis: str, theirs: str, opposed: bool) -> None:
    source = f"入院记录\n主诉：摔伤3小时\n初步诊断：{diagnosis}\n"
    context = stay(note("术前小结", f"术前小结\n术前诊断：{theirs}\n"))
    assert rules_at(source, context) == (expected(source, "ZC-08") if opposed else [])


def test_a_side_outside_of_diagnoses_is_left_alone() -> None:
    source = "入院记录\n现病史：左股骨疼痛。\n"
    assert ids(source, stay(note("术前小结", "术前小结\n术前诊断：右股骨颈骨折\n"))) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "rule"),
    [
        ("患者«男»，60岁", "患者女，60岁", "ZC-14"),
        ("患者男，«60岁»", "患者男，65岁", "ZC-14"),
        ("患者男，60岁", "患者男，61岁", None),
        ("患者男，60岁", "患者男", None),
        ("患者60岁", "患者男，60岁", None),
    ],
)
def test_another_patient(mine: str, theirs: str, rule: str | None) -> None:
    source = f"入院记录\n{mine}，因咳嗽入院。\n"
    context = stay(note("首次病程", f"首次病程记录\n{theirs}，因咳嗽入院。\n"))
    assert rules_at(source, context) == (expected(source, rule) if rule else [])


# Progress


@pytest.mark.parametrize(
    ("severity", "days", "fires"),
    [
        ("病危", 1, False),
        ("病危", 2, True),
        ("病重", 2, False),
        ("病重", 3, True),
        ("stable", 3, False),
        ("stable", 4, True),
        (None, 3, False),
        (None, 4, True),
    ],
)
def test_days_between_progress_notes(severity: str | None, days: int, fires: bool) -> None:
    context = stay(daily(at="2024-03-05 00:01"))
    if severity:
        context["severity"] = severity
    source = progress(at=f"«2024-03-{5 + days:02} 23:59»")
    assert rules_at(source, context) == (expected(source, "ZD-02") if fires else [])


def test_every_kind_of_progress_note_counts() -> None:
    context = stay(
        daily(at="2024-03-01 09:00"),
        note("阶段小结", "阶段小结\n目前情况：平稳\n", "2024-03-05"),
        severity="病危",
    )
    assert ids(progress(at="2024-03-06 09:00"), context) == []


@pytest.mark.parametrize(
    "others",
    [
        [],
        [daily(at="2024-03-01 09:00"), note("日常病程记录", "患者病情平稳，继续观察。\n")],
        [note("入院记录", "入院记录\n", "2024-03-01 09:00")],
        [daily(at="2024-03-20 09:00")],
    ],
)
def test_an_interval_that_is_not_known(others: list[dict[str, str]]) -> None:
    assert ids(progress(at="2024-03-12 09:00"), stay(*others, severity="病危")) == []


def test_a_severity_of_today_does_not_judge_yesterday() -> None:
    context = stay(daily(at="2024-03-05 09:00"), severity="病危")
    source = progress(PLAIN + "今日告病危。", "2024-03-08 09:00")
    assert ids(source, context) == []


def test_a_running_progress_note() -> None:
    source = (
        "日常病程记录\n2024-03-01 09:00\n病情平稳。\n«2024-03-06 09:00»\n病情平稳，未诉不适。\n"
    )
    assert rules_at(source, {}) == expected(source, "ZD-02")


def test_the_first_round() -> None:
    source = "«2024-03-08 09:00» 主治医师查房记录\n患者病情平稳。\n"
    admitted = {"admission_time": "2024-03-05 08:00"}
    assert ids(source, admitted) == []
    first = note("首次病程", "首次病程记录\n病例特点：略\n", "2024-03-05 10:00")
    assert rules_at(source, stay(first, daily(at="2024-03-07 09:00"), **admitted)) == expected(
        source, "ZW-01"
    )
    earlier = note("查房", "查房记录\n患者病情平稳。\n", "2024-03-06 09:00")
    assert ids(source, stay(first, earlier, daily(at="2024-03-07 09:00"), **admitted)) == []
    inside = daily("今日张三主治医师查房，" + OTHER, "2024-03-07 09:00")
    assert ids(source, stay(first, inside, **admitted)) == []


def test_a_month_without_a_summary() -> None:
    notes = [daily(at=f"2024-03-{d:02} 09:00") for d in range(3, 32, 3)]
    notes += [daily(at=f"2024-04-0{d} 09:00") for d in (1, 3)]
    context = stay(*notes, admission_time="2024-03-03 08:00")
    source = progress(at="«2024-04-04 09:00»")
    assert rules_at(source, context) == expected(source, "ZH-01")
    assert ids(progress(at="2024-04-03 09:00"), context) == []
    summary = note("阶段小结", "阶段小结\n目前情况：平稳\n", "2024-03-20")
    assert (
        ids(
            progress(at="2024-04-04 09:00"),
            stay(*notes, summary, admission_time="2024-03-03 08:00"),
        )
        == []
    )


# What the notes say of what happened


@pytest.mark.parametrize(
    ("order", "text", "fires"),
    [
        ("美罗培南 1g 静滴 q8h", "患者病情平稳。", True),
        ("美罗培南 1g 静滴 q8h", "继续抗感染治疗。", False),
        ("美罗培南 1g 静滴 q8h", "今日加用美罗培南。", False),
        ("悬浮红细胞 2U 静滴", "患者病情平稳。", True),
        ("悬浮红细胞 2U 静滴", "今日输血顺利。", False),
        ("氨溴索 30mg 静推 bid", "患者病情平稳。", False),
    ],
)
def test_orders_are_mentioned(order: str, text: str, fires: bool) -> None:
    sheet = note("医嘱单", f"临时医嘱单\n{order}\n", "2024-03-05 09:00")
    consent = note("同意书", "输血治疗知情同意书\n会诊\n", "2024-03-05 09:00")
    assert ids(progress(text), stay(sheet, consent)) == (["ZD-04"] if fires else [])
    same_day = progress(text, "2024-03-05 10:00")
    assert ids(same_day, stay(sheet, consent)) == []
    elsewhere = daily("继续抗感染，今日输血。", "2024-03-05 15:00")
    assert ids(progress(text), stay(sheet, consent, elsewhere)) == []


def test_a_consultation_is_mentioned() -> None:
    advice = note("会诊", "会诊记录\n会诊意见：加用呋塞米。\n", "2024-03-05 09:00")
    assert ids(progress("患者病情平稳。"), stay(advice)) == ["ZD-04"]
    assert ids(progress("心内科会诊建议加用呋塞米。"), stay(advice)) == []
    later = daily(at="2024-03-07 09:00")
    assert ids(progress("患者病情平稳。"), stay(advice, later)) == []


@pytest.mark.parametrize(
    ("report", "text", "fires"),
    [
        ("危急值报告：血钾 6.8mmol/L↑", "患者病情平稳。", True),
        ("危急值报告：血钾 6.8mmol/L↑", "接危急值报告，予降钾处理。", False),
        ("危急值报告：血钾 6.8mmol/L↑", "复查血钾 5.0mmol/L。", False),
        ("血钾 4.2mmol/L，无危急值", "患者病情平稳。", False),
        ("血钾 4.2mmol/L", "患者病情平稳。", False),
    ],
)
def test_a_critical_value_is_handled(report: str, text: str, fires: bool) -> None:
    sheet = {"text": f"检验报告单\n{report}\n", "record_time": "2024-03-06 08:00"}
    assert ids(progress(text), stay(sheet)) == (["ZD-05"] if fires else [])
    assert ids(progress(text, "2024-03-05 09:00"), stay(sheet)) == []
    handled = daily("接危急值报告，予葡萄糖酸钙。", "2024-03-06 08:30")
    assert ids(progress(text), stay(sheet, handled)) == []


@pytest.mark.parametrize(
    ("diagnosis", "fires"),
    [
        ("1.肺炎 2.«胆囊结石»", True),
        ("1.肺炎 2.高血压", False),
        ("1.社区获得性肺炎", False),
        ("1.肺炎 2.低钾血症", False),
    ],
)
def test_a_discharge_diagnosis_is_traced(diagnosis: str, fires: bool) -> None:
    source = (
        f"出院记录\n入院诊断：肺炎\n诊疗经过：抗感染。\n出院诊断：{diagnosis}\n出院医嘱：休息\n"
    )
    admission = note(
        "入院记录", "入院记录\n现病史：咳嗽。\n既往史：高血压5年，否认胆囊结石。\n初步诊断：肺炎\n"
    )
    assert rules_at(source, stay(admission)) == (expected(source, "ZX-04") if fires else [])
    assert ids(source, {}) == []


# Operations

OPERATION = (
    "手术记录\n手术日期：2024-03-06\n«手术名称»：左侧腹股沟疝修补术\n手术者：张三主任医师\n助手：李四\n"
    "麻醉方式：全麻\n手术经过：顺利。\n"
)
DISCUSSION = (
    "术前讨论\n讨论日期：2024-03-05\n参加人员：张三主任医师、李四主治医师\n"
    "拟施手术名称：左侧腹股沟疝修补术\n讨论意见：同意手术。\n"
)
CONSENT = note("同意书", "手术知情同意书\n麻醉同意书\n拟施手术：左侧腹股沟疝修补术\n")


def test_an_operation_with_all_its_documents() -> None:
    held = note("术前讨论", DISCUSSION, "2024-03-05 15:00")
    source = OPERATION.replace("«", "").replace("»", "")
    assert ids(source, stay(held, CONSENT, surgery_end_time="2024-03-06 12:00")) == []
    assert ids(source, {}) == []


def test_an_operation_without_a_discussion() -> None:
    assert rules_at(OPERATION, stay(CONSENT)) == expected(OPERATION, "ZP-02")
    told = daily("今日术前讨论后拟手术治疗。" + OTHER)
    assert ids(OPERATION, stay(CONSENT, told)) == []
    urgent = OPERATION.replace("顺利", "急诊手术，顺利")
    assert ids(urgent, stay(CONSENT)) == []


def test_a_discussion_after_the_operation() -> None:
    held = note("术前讨论", DISCUSSION, "2024-03-06 15:00")
    context = stay(held, CONSENT, surgery_end_time="2024-03-06 12:00")
    assert rules_at(OPERATION, context) == expected(OPERATION, "ZP-02")
    same_day = note("术前讨论", DISCUSSION, "2024-03-06")
    assert ids(OPERATION, stay(same_day, CONSENT, surgery_end_time="2024-03-06 12:00")) == []


def test_a_consent_before_the_discussion() -> None:
    held = note("术前讨论", DISCUSSION, "2024-03-05 15:00")
    assert rules_at(OPERATION, stay(held, {**CONSENT, "record_time": "2024-03-05 14:00"})) == (
        expected(OPERATION, "ZP-02")
    )
    for signed in ("2024-03-05 15:00", "2024-03-05"):
        assert ids(OPERATION, stay(held, {**CONSENT, "record_time": signed})) == []


def test_a_discussion_without_the_surgeon() -> None:
    source = OPERATION.replace("«", "").replace("»", "").replace("手术者", "«手术者»")
    held = note("术前讨论", DISCUSSION.replace("张三", "王五"), "2024-03-05 15:00")
    assert rules_at(source, stay(held, CONSENT)) == expected(source, "ZP-02")


@pytest.mark.parametrize(
    ("planned", "rules"),
    [
        ("左侧腹股沟疝修补术", []),
        ("腹股沟疝无张力修补术", []),
        ("全麻下行左侧腹腔镜腹股沟疝修补术，必要时开腹", []),
        ("胆囊切除", ["ZS-03"]),
        ("右侧腹股沟疝修补术", ["ZC-08", "ZS-03"]),
    ],
)
def test_an_operation_as_planned(planned: str, rules: list[str]) -> None:
    summary = note("术前小结", f"术前小结\n拟施手术名称：{planned}\n")
    held = note("术前讨论", DISCUSSION.replace("拟施手术名称：左侧腹股沟疝修补术\n", ""))
    context = stay(summary, held, note("同意书", "手术知情同意书\n"))
    assert sorted(ids(OPERATION, context)) == rules


def test_a_difference_is_told_once_with_every_document() -> None:
    source = OPERATION.replace("«", "").replace("»", "").replace("左侧腹股沟疝修补术", "«胆囊切除»")
    summary = note("术前小结", "术前小结\n拟施手术名称：左侧腹股沟疝修补术\n")
    context = stay(summary, note("术前讨论", DISCUSSION), note("同意书", "手术知情同意书\n"))
    assert rules_at(source, context) == expected(source, "ZS-03")
    text = source.replace("«", "").replace("»", "")
    assert [each.other for each in found(text, context)[0].related] == [0, 1]


def test_another_surgeon_than_planned() -> None:
    source = OPERATION.replace("«", "").replace("»", "").replace("张三", "«张三»")
    summary = note("术前小结", "术前小结\n拟施手术名称：左侧腹股沟疝修补术\n手术者：王五主任医师\n")
    context = stay(summary, note("术前讨论", DISCUSSION), CONSENT)
    assert rules_at(source, context) == expected(source, "ZS-03")


@pytest.mark.parametrize(
    ("day_after", "now", "fires"),
    [
        (OTHER, "2024-03-07 14:00", True),
        ("张三主任医师查房，" + OTHER, "2024-03-07 14:00", False),
        ("术者查看患者，" + OTHER, "2024-03-07 14:00", False),
        (OTHER, "2024-03-07 11:00", False),
    ],
)
def test_the_surgeon_visits_within_a_day(day_after: str, now: str, fires: bool) -> None:
    operation = note("手术记录", OPERATION, "2024-03-06 14:00")
    text = progress(day_after, "2024-03-07 08:00").replace("签名：张三", "签名：赵六")
    context = stay(operation, CONSENT, note("日常病程记录", text, "2024-03-07 08:00"))
    context["surgery_end_time"] = "2024-03-06 12:00"
    assert ids(progress(PLAIN, now), context) == (["ZS-04"] if fires else [])
    nothing_of_that_day = stay(operation, CONSENT, daily(OTHER, "2024-03-05 08:00"))
    nothing_of_that_day["surgery_end_time"] = "2024-03-06 12:00"
    assert ids(progress(PLAIN, "2024-03-07 14:00"), nothing_of_that_day) == []


def test_the_admission_is_known_from_the_admission_record() -> None:
    admission = note("入院记录", "入院记录\n入院时间：2024-03-05 10:00\n主诉：咳嗽3天\n")
    source = "«2024-03-05 19:00» 首次病程记录\n病例特点：略\n"
    assert rules_at(source, stay(admission)) == expected(source, "ZF-01")
    again = note("再次入院记录", "再次入院记录\n入院时间：2024-03-09 10:00\n")
    assert ids(source, stay(admission, again)) == []


# Consent and advice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("今日«予悬浮红细胞»2U输注。", True),
        ("今日«行骨髓穿刺»，过程顺利。", True),
        ("拟行骨髓穿刺。", False),
        ("建议行冠脉造影。", False),
        ("患者拒绝输血。", False),
        ("已签署知情同意书，今日行骨髓穿刺。", False),
    ],
)
def test_a_consent_is_among_the_notes(text: str, words: bool) -> None:
    source = progress(text)
    assert rules_at(source, stay(daily())) == (expected(source, "ZN-01") if words else [])
    forms = note("同意书", "输血治疗知情同意书\n骨髓穿刺同意书\n")
    assert ids(source, stay(daily(), forms)) == []
    assert ids(source, {}) == []


def test_an_operation_without_a_consent() -> None:
    held = note("术前讨论", DISCUSSION, "2024-03-05 15:00")
    assert rules_at(OPERATION, stay(held)) == expected(OPERATION, "ZN-01")


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("加用«美罗培南1g q8h»静滴抗感染。", True),
        ("加用头孢曲松2g qd静滴抗感染。", False),
        ("已停用美罗培南。", False),
        ("感染科会诊后加用美罗培南1g q8h静滴。", False),
    ],
)
def test_a_special_use_antibacterial(text: str, fires: bool) -> None:
    source = progress(text)
    found_ = [rule for rule in ids(source, stay(daily())) if rule == "ZY-03"]
    assert found_ == (["ZY-03"] if fires else [])
    assert ids(source, {}) == []


def test_english_notes_are_not_held_against_chinese_rules() -> None:
    text = (
        "# Progress Note\n2024-03-09 09:00\nHe feels well. Meropenem was given, transfused 2 U.\n"
    )
    last = "# Progress Note\n2024-03-01 09:00\nHe feels well.\n"
    context = stay(note("progress_note", last, "2024-03-01 09:00"), severity="critical")
    assert ids(text, context) == []
