"""How a record is written: dates, words, negations, units, sums. «The words a rule points at»."""

from __future__ import annotations

from collections import Counter

import pytest
from corpora import notes_of
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.checks import arithmetic, forms, time_forms, time_order, units
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.overlay import overlaid
from doctorflan_ls.checks.periods import Period, period
from doctorflan_ls.checks.run import check
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.testing.notes import marked

CHECKS = [
    each
    for module in (time_forms, time_order, forms, units, arithmetic)
    for each in module.checks()
]


def findings(text: str) -> tuple[Finding, ...]:
    return check(parse_note(text), checks=CHECKS)


def rules_at(source: str) -> tuple[list[tuple[str, str]], list[str]]:
    """What is found in the marked note, and what is marked in it."""
    text, _, spans = marked(source)
    found = [(each.rule.id, text[slice(*each.span)]) for each in findings(text)]
    return found, [text[slice(*span)] for span in spans]


def mended(text: str) -> str:
    """``text`` with every fix that is offered."""
    edits = [edit for each in findings(text) for fix in each.fixes for edit in fix.edits]
    for span, new in sorted(edits, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return text


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("ZC-01", "现病史：患者«二〇二四年三月五日»出现咳嗽。"),
        ("ZC-01", "现病史：患者«三月十五日»出现咳嗽。"),
        ("ZC-01", "现病史：患者昨日«下午3点半»出现咳嗽，«晚9点20分»加重。"),
        ("ZC-01", "现病史：患者«上午8：30»出现咳嗽，«8:30 PM»加重。"),
        ("ZC-01", "现病史：患者昨日«晚上12点»出现咳嗽。"),
        ("ZC-04", "现病史：患者口服«XYZQ»后好转。"),
        ("ZC-13", "既往史：«否认无高血压»、糖尿病。"),
        ("ZC-13", "HPI: The patient «denies no» chest pain on walking up the stairs.\n"),
        ("ZC-13", "体格检查：腹软，移动性浊音阳性。肠鸣音正常。«移动性浊音»阴性。"),
        ("ZC-13", "ROS: Positive for fever. No «fever», no cough.\n"),
        ("ZC-10", "辅助检查：血常规：«RBC 4.5×10^9/L»，WBC 6.5×10^9/L。"),
        ("ZC-10", "辅助检查：血常规：«红细胞 3.66×109／L»，Hb 111g/L。"),
        ("ZC-10", "辅助检查：«血糖 120mmol/L»。"),
        ("ZC-10", "辅助检查：«肌酐 85mmol/L»，尿素 5.1mmol/L。"),
        ("ZC-10", "LABS: «hemoglobin 125 g/dL», «creatinine 88 mg/dL».\n"),
        ("ZC-11", "入院时间：2024-03-05\n出院时间：«2024年3月1日»\n"),
        ("ZC-11", "入院时间：2024-03-05 14:30\n记录时间：«2024-03-05» 09:10\n"),
        ("ZC-11", "入院时间：2024-03-05\n手术日期：«2024-03-02»\n"),
        ("ZC-11", "Date of Admission: 2024-03-15\nDate of Discharge: «2024-03-05»\n"),
        ("ZC-11", "现病史：患者«2023年2月30日»出现咳嗽，«11月31日»好转。"),
        ("ZC-11", "现病史：患者«2024-03-05 25:10»出现咳嗽。"),
        ("ZC-11", "现病史：患者2024-03-05至«2024-03-01»在外院住院。"),
        ("ZC-11", "记录时间：2024-03-05\n现病史：患者«2024-03-09»行胸部CT检查。"),
        ("ZC-11", "性别：男 年龄：5岁\n既往史：高血压病史«20年»。"),
        ("ZC-11", "性别：男 年龄：45岁\n婚育史：结婚«60年»。"),
        ("ZC-11", "【入院日期】2024-03-05\n【出院日期】«2024年2月5日»\n"),
        ("ZC-11", "现病史：患者«2025年6月31日9时30分»出现咳嗽。"),
        ("ZC-12", "辅助检查：«总胆红素 30μmol/L»，直接胆红素 10μmol/L，间接胆红素 5μmol/L。"),
        ("ZC-12", "辅助检查：血常规：WBC 6×10^9/L，«N 80%，L 35%»。"),
        ("ZC-12", "体格检查：身高170cm，体重60kg，«BMI 27.5kg/m2»。"),
        ("ZC-12", "体格检查：«GCS 13分（E4V5M6»）。"),
        ("ZC-12", "EXAM: «GCS 14 (E4 V5 M6»).\n"),
        ("ZC-12", "24小时入量2500ml，出量2000ml，平衡«+100ml»。"),
        ("ZC-12", "入院时间：2024-03-05\n出院时间：2024-03-12\n«住院天数：9天»\n"),
    ],
)
def test_what_is_wrong_is_pointed_at(rule: str, source: str) -> None:
    found, marks = rules_at(source)
    assert found == [(rule, words) for words in marks]


@pytest.mark.parametrize(
    "text",
    [
        # Dates and times.
        "现病史：患者农历三月五日出现咳嗽，下午15:20加重，每晚8点口服药物。",
        "现病史：患者三月前出现咳嗽，十余日前加重，注射三点，上午服药。",
        "HPI: She came at 8:30 PM on March 5.\n",
        # Words.
        "体格检查：Murphy征阴性，BP 120/80mmHg。辅助检查：CT、MRI未见异常，CA19-9正常，HER2阴性。",
        "诊疗计划：遵循Enhanced recovery after surgery理念，见（XYZQ）。",
        "辅助检查：见 https://example.org/abc 。EGFR突变，口服 aspirin 100mg qd。",
        # Negations.
        "既往史：否认无偿献血史。体格检查：无力，未见无痛性肿块，无发热无咳嗽。",
        "HPI: She denies known allergies. Denies no more than two drinks a day.\n",
        "体格检查：双肺可闻及湿啰音，腹部压痛。左肺未闻及湿啰音，余腹无压痛。",
        "现病史：患者3年前有咳嗽。现无咳嗽。",
        "体格检查：未闻及杂音，二尖瓣区可闻及杂音。",
        # Units.
        "辅助检查：RBC 4.5×10^12/L，WBC 6.5×10^9/L，HGB 120g/L，血糖 5.6mmol/L，肌酐 1.2mg/dL。",
        "辅助检查：尿常规：尿肌酐 8.5mmol/L，尿RBC 4/HP。腹水：总蛋白 5g/L。",
        "LABS: glucose 120 mg/dL, hemoglobin 12.5 g/dL, RBC 4.5 M/uL, creatinine 1.1 mg/dL.\n",
        "辅助检查：血糖 25。",
        # Times.
        "入院时间：2024-03-05\n记录时间：2024-03-05\n出院时间：2024-03-12\n",
        "前次入院时间：2025-03-05\n入院时间：2024-03-05\n",
        "入院时间：2024-03-05\n出院时间：2024-03-12\n记录时间：2024-03-13\n",
        "现病史：患者2024年2月29日出现咳嗽，患儿3月31日龄。血压130/80mmHg。",
        "记录时间：2024-03-05\n出院医嘱：2024-03-19复诊。\n现病史：拟于2024-03-09行手术。",
        "性别：男 年龄：45岁\n既往史：高血压病史40余年。父亲糖尿病史60年。",
        "性别：男 年龄：45岁\n个人史：吸烟史800年支。结婚20年。",
        "性别：男 年龄：3月\n主诉：咳嗽3天。",
        "Seen 3/5/2015 and on 12/11/10.\n",
        # Sums.
        "辅助检查：总胆红素 30.1μmol/L，直接胆红素 10μmol/L，间接胆红素 20μmol/L。",
        "辅助检查：总胆红素 30μmol/L，直接胆红素 10mg/dL，间接胆红素 5μmol/L。",
        "辅助检查：N 70%，L 22%，复查：N 80%，L 15%。",
        "体格检查：身高170cm，体重60kg，BMI 20.8kg/m2。GCS 15分（E4V5M6）。",
        "入院时间：2024-03-05\n出院时间：2024-03-05\n住院天数：1天\n",
        "入院时间：2024-03-05\n出院时间：2024-03-12\n曾于当地医院住院10天。\n",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert [(each.rule.id, text[slice(*each.span)]) for each in findings(text)] == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("现病史：二〇二四年三月五日下午3点半咳嗽。", "现病史：2024年3月5日15:30咳嗽。"),
        ("现病史：上午8:30咳嗽，12:10 PM加重。", "现病史：08:30咳嗽，12:10加重。"),
        ("现病史：下午三点咳嗽，晚上12点加重。", "现病史：15点咳嗽，晚上12点加重。"),
        ("辅助检查：RBC 4.5×109／L。", "辅助检查：RBC 4.5×10^12/L。"),
        ("辅助检查：血红蛋白125g/dL。", "辅助检查：血红蛋白125g/L。"),
        # Either the value or the unit may be wrong: nothing is offered.
        ("辅助检查：血糖 120mmol/L。", "辅助检查：血糖 120mmol/L。"),
    ],
)
def test_a_fix_is_offered_only_where_it_is_certain(text: str, wanted: str) -> None:
    assert mended(text) == wanted


ENTRY = (
    "患者今日无发热，咳嗽较前好转，饮食睡眠可。查体：双肺呼吸音清，未闻及干湿啰音。"
    "继续目前治疗，观察病情变化。\n医师签名：李某\n"
)


@pytest.mark.parametrize(
    ("second", "copied"),
    [
        (ENTRY, True),
        (ENTRY.replace("今日", "今日 "), True),
        ("患者今日体温38.5℃，咳嗽加重，咳黄痰。查体：右下肺可闻及湿啰音。予头孢曲松。\n", False),
        ("同前。\n", False),
    ],
)
def test_entries_that_say_the_same(second: str, copied: bool) -> None:
    text = f"病程记录\n2024-03-05 08:30\n{ENTRY}2024-03-06 09:00\n{second}"
    found = [each for each in findings(text) if each.rule.id == "ZC-06"]
    assert [text[slice(*each.span)] for each in found] == ["2024-03-06 09:00"] * copied
    assert [text[slice(*each.related[0].span)] for each in found] == ["2024-03-05 08:30"] * copied


def test_the_other_time_is_shown() -> None:
    text = "入院时间：2024-03-05\n出院时间：2024年3月1日\n"
    (found,) = findings(text)
    assert [text[slice(*each.span)] for each in found.related] == ["2024-03-05"]
    assert "2024-03-05" in found.message("en")


def test_a_draft_is_not_looked_at() -> None:
    text = (
        "现病史：咳嗽。\n〔DoctorFLAN 草稿 待审核｜诊断｜initial-diagnosis｜skeleton 1｜#ab12〕\n"
        "二〇二四年三月五日，2024-02-30，否认无高血压。\n〔DoctorFLAN 草稿结束｜#ab12〕\n"
    )
    assert findings(text) == ()


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("3天", 3, 3),
        ("半年", 182.6, 182.7),
        ("10余年", 3652.5, 6939.75),
        ("3年余", 1095.75, 1461),
        ("1个半月", 45.6, 45.7),
        ("2-3周", 14, 21),
        ("十二小时", 0.5, 0.5),
        ("4/52", 28, 28),
        ("two weeks", 14, 14),
        ("2 to 3 days", 2, 3),
    ],
)
def test_how_long_a_time_is(written: str, low: float, high: float) -> None:
    length = period(written)
    assert length is not None
    assert length == pytest.approx(Period(low, high), rel=0.01)


@pytest.mark.parametrize("written", ["数天", "several days", "", "年", "十十年"])
def test_what_tells_no_length(written: str) -> None:
    assert period(written) is None


@given(st.text(alphabet="一二十三半〇零年月日点时上午下晚0123456789:./-至 ab否认无余个×^LG%E"))
def test_reading_never_fails(text: str) -> None:
    for each in findings(f"现病史：{text}"):
        assert 0 <= each.span.start < each.span.end
        assert "{" not in each.message("zh") + each.message("en")


@pytest.mark.data
@pytest.mark.parametrize(
    ("corpus", "wanted"),
    [
        # Red cells given in 10^9/L, as the source has them.
        ("CMB-Clin", {"ZC-10": 12}),
        # 昨日晚9点.
        ("MTCMB-TCM", {"ZC-01": 1}),
        ("ACI-Bench", {}),
        ("PriMock57", {}),
        ("cTAKES", {}),
        ("MTS-Dialog", {}),
    ],
)
def test_every_finding_in_real_notes_was_read(corpus: str, wanted: dict[str, int]) -> None:
    found = Counter(each.rule.id for text in notes_of(corpus) for each in findings(text))
    assert found == wanted


HOSPITAL = """
[data.units]
analyte = [{ name = "RBC", shown = 3, possible = [] }]

[data.forms.dates]
clock = "下午"

[data.time_order]
order = [{ first = 1 }]

[data.arithmetic.problems.gcs]
zh = "{nobody}：{total}"

[data.arithmetic.limits]
tolerance = 0.5
"""


def test_a_hospital_file_of_another_form_breaks_nothing() -> None:
    laid = overlaid({"hospital.toml": HOSPITAL})
    text = (
        "入院时间：2024-03-05\n出院时间：2024-03-01\n现病史：下午3点半咳嗽。RBC 4.5×10^9/L。"
        "总胆红素 30μmol/L，直接胆红素 10μmol/L，间接胆红素 9μmol/L。GCS 13分（E4V5M6）。\n"
    )
    found = check(parse_note(text), CheckOptions(table=laid.table), checks=CHECKS)
    assert [each.rule.id for each in found] == ["ZC-11", "ZC-01", "ZC-10", "ZC-12"]
    assert found[-1].message("zh") == "：13，请核对"
