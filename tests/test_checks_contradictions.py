"""What the parts of a note say against one another. «The words a rule points at» are marked."""

from __future__ import annotations

from collections import Counter

import pytest
from corpora import notes_of

from doctorflan_ls.checks import basic, contradictions, history, sides
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.run import check
from doctorflan_ls.notes.context import Context
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.testing.notes import marked

RULES = {"ZC-13", "ZC-07", "ZC-08", "ZC-14", "ZC-16", "ZA-06", "ZA-08", "ZA-15", "ZY-01"}
CHECKS = [
    *(each for module in (contradictions, history, sides) for each in module.checks()),
    *(each for each in basic.checks() if each.id == "drug-against-allergy"),
]


def findings(text: str, context: Context | None = None) -> list[Finding]:
    options = None if context is None else CheckOptions(context=context)
    return list(check(parse_note(text), options, checks=CHECKS))


def admission(
    complaint: str = "咳嗽3天",
    hpi: str = "患者3天前受凉后咳嗽。",
    *,
    aux: str = "胸部CT未见异常。",
    past: str = "否认药物过敏史。",
) -> str:
    return (
        f"入院记录\n主诉：{complaint}\n现病史：{hpi}\n既往史：{past}\n"
        f"辅助检查：{aux}\n初步诊断：急性支气管炎\n"
    )


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("ZC-08", "入院记录\n主诉：右膝疼痛3年。\n初步诊断：«左膝»骨关节炎\n"),
        ("ZC-08", "术前诊断：左侧腹股沟疝\n拟施手术名称和方式：«右侧腹股沟»疝修补术\n"),
        ("ZC-08", "手术记录\n术前诊断：右肾结石\n手术名称：«左肾»切除术\n"),
        ("ZC-08", "入院诊断：右股骨颈骨折\n出院诊断：«左股骨颈»骨折\n"),
        ("ZC-08", "术前诊断：右侧慢性硬膜下血肿\n手术名称：«左侧硬膜下»血肿引流术\n"),
        ("ZC-08", "超声检查：«左肾»结石。\n诊断：右肾结石\n"),
        (
            "ZC-08",
            "PREOPERATIVE DIAGNOSIS: Left knee pain\nPROCEDURE: «Right total knee» arthroplasty\n",
        ),
        ("ZC-14", "性别：男 年龄：45岁\n现病史：患者，«女»，3天前腹痛。\n"),
        ("ZC-14", "性别：女 年龄：45岁\n现病史：患者，女，«54岁»，3天前腹痛。\n"),
        (
            "ZC-14",
            "HPI: A 45-year-old female with chest pain.\nASSESSMENT: «54 year old» female.\n",
        ),
        ("ZC-07", "性别：男 年龄：45岁\n既往史：«剖宫产术后»3年，«G2P1»。\n"),
        ("ZA-06", admission("«十二指肠溃疡3个月»", "患者3个月前上腹痛。")),
        ("ZA-06", admission("«高血压5年。»", "患者5年前发现血压升高。")),
        ("ZA-06", admission("«冠心病、糖尿病10余年，加重3天»", "患者10年前胸痛，3天前加重。")),
        ("ZA-08", admission("«腹痛3天»", "患者3天前受凉后咳嗽。")),
        ("ZA-08", admission("«咳嗽5天»", "患者2月前受凉后咳嗽。")),
        ("ZC-16", admission(hpi="患者3天前咳嗽，自服«阿莫西林胶囊»0.5g、«布洛芬»治疗。")),
        ("ZC-16", admission(hpi="患者3天前咳嗽，当地医院诊断为«肺炎»，行«阑尾切除术»。")),
        ("ZA-15", admission(aux="«外院CT»示：左肺占位。")),
        (
            "ZY-01",
            admission(past="青霉素皮试阳性。", aux="") + "治疗计划：«阿莫西林胶囊0.5g 口服»。",
        ),
    ],
)
def test_what_does_not_agree_is_pointed_at(rule: str, source: str) -> None:
    text, _, spans = marked(source)
    found = [(each.rule.id, text[slice(*each.span)]) for each in findings(text)]
    assert found == [(rule, text[slice(*span)]) for span in spans]


@pytest.mark.parametrize(
    "text",
    [
        # Sides.
        "术前诊断：双侧腹股沟疝\n拟施手术名称：右侧腹股沟疝修补术\n",
        "术前诊断：1. 左肾结石 2. 右肾囊肿\n手术名称：右肾囊肿去顶术\n",
        "体格检查：左肺呼吸音清，右肺呼吸音低。\n诊断：左肺癌\n",
        "超声检查：左肾结石，右肾大小正常。右肾结石术后。\n诊断：左肾结石\n",
        "辅助检查：CT：右肾结石。\n超声检查：左肾囊肿。\n诊断：右肾结石\n",
        "主诉：左侧肢体无力1天。\n诊断：右侧基底节脑梗死\n",
        "术前诊断：左肾上腺腺瘤\n手术名称：右肾活检术\n",
        "既往史：右膝置换术后。\n诊断：左膝骨关节炎\n",
        "DIAGNOSIS: Left knee pain\nHPI: The right knee is normal.\n",
        # Age and sex.
        "性别：男 年龄：45岁\n现病史：患者30岁时患肺炎，女儿，12岁，体健。\n",
        "性别：女 年龄：28岁\n现病史：患者，女，28岁，分娩一男婴，男，1天。\n",
        "性别：女 年龄：45岁\n现病史：患者，女，46岁，3天前腹痛。\n",
        "HPI: A 45-year-old male. His wife is a 43-year-old female. He was 12 years old then.\n",
        "性别：男 年龄：3天\n现病史：患儿系G2P1，其母末次月经不详。\n",
        "性别：男 年龄：2岁\n现病史：咳嗽3天。孕38周剖宫产术后出生，G1P1。\n",
        "性别：男 年龄：40岁\n婚育史：配偶G2P1。\n",
        # Complaint and history.
        admission("高血压患者发现血压升高3年", "患者3年前血压升高。"),
        admission("便秘3年", "患者3年前大便干结。"),
        admission("肺癌术后2月", "患者2月前行肺癌根治术。"),
        admission("肺癌化疗后2周", "患者2周前化疗。"),
        admission("停经39周", "患者停经39周入院待产。"),
        admission("腹痛、胆囊结石2年", "患者2年前腹部胀痛。"),
        admission("右下腹疼痛3小时", "患者3小时前无明显诱因右下腹痛。"),
        admission("咳嗽1周", "患者7天前受凉后咳嗽。"),
        admission("咳嗽半年", "患者5月余前受凉后咳嗽。"),
        admission("咳嗽10天", "患者2024-03-05受凉后咳嗽，2年前曾有类似发作。"),
        admission("头晕10余年，加重3天", "患者10年前头晕，3天前加重。"),
        admission("咳嗽3天", "") + "\n",
        # Names and tests of others.
        admission(hpi="患者3天前咳嗽，自服“阿莫西林胶囊、布洛芬”治疗。我院诊断为肺炎。"),
        admission(hpi="患者3天前咳嗽，予阿莫西林0.5g口服。", past="曾自服布洛芬。"),
        admission(aux="外院CT（2024-03-05）示：左肺占位。某市人民医院CT示：左肺占位。"),
        admission(aux="外院就诊后无改善。"),
        # Allergies.
        admission(past="青霉素皮试阴性。") + "治疗计划：阿莫西林胶囊0.5g 口服。",
        admission(past="青霉素过敏，不用青霉素类。"),
        admission(past="青霉素过敏，曾用阿莫西林后出现皮疹。"),
        "ALLERGIES: Ampicillin.\nHPI: She had a reaction to ampicillin in 1982.\n",
    ],
)
def test_what_agrees_is_left_alone(text: str) -> None:
    assert [(each.rule.id, text[slice(*each.span)]) for each in findings(text)] == []


PLAN = "现病史：咳嗽3天。予阿莫西林0.5g 每日3次口服。\n"


def test_an_allergy_of_the_front_matter_counts_and_is_shown() -> None:
    text = f"---\nallergies: [青霉素]\n---\n{PLAN}"
    (found,) = findings(text)
    assert found.rule.id == "ZY-01"
    assert [text[slice(*each.span)] for each in found.related] == ["青霉素"]


def test_an_allergy_that_the_client_told_counts_and_stands_nowhere() -> None:
    (found,) = findings(PLAN, Context(allergies=("青霉素",)))
    assert found.rule.id == "ZY-01"
    assert found.related == ()
    assert findings(PLAN, Context(allergies=("磺胺",))) == []


def test_quotation_marks_are_offered() -> None:
    text = admission(hpi="患者3天前咳嗽，自服阿莫西林胶囊0.5g治疗。")
    (found,) = findings(text)
    for span, new in sorted(found.fixes[0].edits, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    assert "自服“阿莫西林胶囊”0.5g" in text


def test_the_other_side_is_shown_and_both_languages_say_it() -> None:
    text = "手术记录\n术前诊断：右肾结石\n手术名称：左肾切除术\n"
    (found,) = findings(text)
    assert [text[slice(*each.span)] for each in found.related] == ["右肾"]
    assert found.message("zh") == "肾：手术为“左肾”，诊断为“右肾”，侧别不一致，请核对"
    assert "the sides differ" in found.message("en")


def test_every_rule_of_these_checks_is_tried_here() -> None:
    assert {rule.id for each in CHECKS for rule in each.rules} == RULES


@pytest.mark.data
@pytest.mark.parametrize(
    ("corpus", "wanted"),
    [
        ("CMB-Clin", {}),
        # Present illnesses that leave out a symptom or the time of the complaint.
        ("MTCMB-TCM", {"ZA-08": 2, "ZC-16": 18}),
        ("ACI-Bench", {}),
        ("PriMock57", {}),
        # A form that says F of a man.
        ("cTAKES", {"ZC-14": 1}),
        ("MTS-Dialog", {}),
    ],
)
def test_every_finding_in_real_notes_was_read(corpus: str, wanted: dict[str, int]) -> None:
    found = Counter(each.rule.id for text in notes_of(corpus) for each in findings(text))
    assert found == wanted


def test_a_draft_in_a_section_is_not_part_of_it() -> None:
    draft = (
        "〔DoctorFLAN 草稿 待审核｜诊断｜initial-diagnosis｜skeleton 1｜#ab12〕\n"
        "自服布洛芬。左膝骨关节炎。性别：女，54岁。外院CT示占位。\n〔DoctorFLAN 草稿结束｜#ab12〕\n"
    )
    text = (
        f"入院记录\n性别：男 年龄：45岁\n主诉：右膝疼痛3年\n{draft}"
        f"现病史：患者3年前右膝疼痛。\n{draft}"
        f"辅助检查：无。\n{draft}初步诊断：右膝骨关节炎\n{draft}"
    )
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("既往史：否认药物过敏史。曾因青霉素过敏出现休克。\n", ["药物过敏史"]),
        ("过敏史：无。\n病程：青霉素皮试阳性。\n", ["无"]),
        ("---\nallergies: [头孢]\n---\n既往史：否认药物过敏史。\n", ["药物过敏史"]),
        ("ALLERGIES: NKDA.\nHPI: She is allergic to penicillin.\n", ["NKDA"]),
        ("既往史：青霉素过敏，否认其他药物过敏史。\n", []),
        ("既往史：否认药物过敏史，对海鲜过敏。\n", []),
        ("既往史：否认药物过敏史。\n家族史：母亲青霉素过敏。\n", []),
    ],
)
def test_an_allergy_that_is_denied_and_stated_is_a_warning(text: str, words: list[str]) -> None:
    found = [each for each in check(parse_note(text)) if each.rule.id == "ZC-13"]
    assert [text[slice(*each.span)] for each in found] == words
    assert all(each.rule.severity == "warning" for each in found)


@pytest.mark.parametrize(
    ("course", "words"),
    [
        ("于2024-03-01行右髌骨骨折切开复位内固定术，术后恢复好。", ["右髌骨"]),
        ("于2024-03-01行左髌骨骨折切开复位内固定术，术后恢复好。", []),
        ("右髌骨未见异常，保守治疗。", []),
        ("既往行右髌骨骨折内固定术后2年。本次行左髌骨骨折内固定术。", []),
    ],
)
def test_the_side_of_an_operation_that_the_course_tells(course: str, words: list[str]) -> None:
    text = f"出院记录\n入院诊断：左髌骨骨折\n诊疗经过：{course}\n出院诊断：左髌骨骨折\n"
    found = [each for each in check(parse_note(text)) if each.rule.id == "ZC-08"]
    assert [text[slice(*each.span)] for each in found] == words
