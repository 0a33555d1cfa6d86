"""Medicine is never taken for a person, a number or a place."""

# ruff: noqa: E501  (a case is a line)
from __future__ import annotations

import csv
from pathlib import Path

import pytest

from doctorflan_ls import identifiers
from doctorflan_ls.privacy import located, policy

TERMS = Path(identifiers.__file__).parents[1] / "data" / "terms"
FULL = policy("full")

TRAPS = [
    "NT-proBNP 13800 pg/ml，BNP 13800pg/ml，白细胞 9.8×10^9/L，血小板 1012/L",
    "血压138/80mmHg，心率 80次/分，体温36.5℃",
    "马凡综合征，何杰金淋巴瘤，何杰金氏病，王Murphy征阴性，Murphy征(+)，墨菲征阴性",
    "张力性头痛，张力性气胸，肌张力正常，曲张静脉，食管胃底静脉曲张",
    "患者张X，李某，王某某，赵××诉胸痛，患者张某因胸痛入院，李某，男，45岁",
    "患者50岁，于当地卫生院就诊，后转当地医院、县医院、上级医院及外院，田间劳动时发病",
    "E-cadherin 阳性，P120 膜阳性，CK7(+)，HER2(2+)，Ki-67 30%",
    "高血压，男，45岁。高血压病，女，60岁。黄疸，男，3天。白带增多，包块待查，石膏固定，方案调整，金属异物",
    "患者高热，患者黄疸加深，患者平素体健，患者时有头晕，患者曾因胸痛就诊，患者曾多次因腹痛入院，患者方觉缓解",
    "患者全麻，患者安静，患者明显好转，患者能自行走动，患者应立即就诊，患者任何时候，患者家属要求，患者常于夜间",
    "主任医师查房，上级医师查房记录，主治医师首次查房，值班医生看过患者，请心内科医师会诊，科主任查房同意诊断",
    "患儿男，3岁。患者女，45岁。患者，男性，60岁。患者老年男性",
    "母亲高血压，父亲糖尿病，其子体健，儿子健康，女儿体健，妻子健在，配偶体健，家属表示理解，家属要求出院，兄弟健在",
    "卧床3天，绝对卧床，甲床苍白，床旁心电图，床上大小便，加床，病床紧张，2张床",
    "静脉通路，右上肢第2号导管，取标本3号瓶，门诊手术室2楼，C区3组",
    "第3胸椎，L4/5椎间盘，2/6级杂音，肌力5/5级，1/2片，3/7 hx of cough",
    "每日3次，每次10mg，2-3天，1-2周，4-6h，1.2.3方案，3.5.2期",
    "王女士，李先生，张大爷，患者老王",
    "检查者：签名\n签名：    年  月  日\n医师签名：          日期：",
    "上级医师：同意诊断。护士：已交代。主任：同意。助手：电刀。麻醉医师：全麻。书写者：本人",
    "医生：您好，哪里不舒服？\n患者：我头疼。\n医生: 好的\n护士：请稍等",
    "联系人：其妻，单位：mg/L，户籍：本地，床：平卧，籍贯：不详，工作单位：无",
    "Provider: Hello there.\nNurse: Good morning\nPCP: follow up in 2 weeks\nResident: no\nPlate: fixation 3.5 mm",
    "观察项目、频次、须报告医生的界限，应及时告知医生，于发热时联系医生，经查房医师同意，请外科医生，由责任护士，遵嘱护士，向家属，和其他医生",
    "家住农村，务农。住院部3号楼5层。病历号待补。",
    "Allen test negative. Murphy's sign positive. Hodgkin lymphoma, Crohn's disease, Parkinson disease.",
    "Marfan syndrome, Graves disease, Bell palsy, Thomas splint, Foley catheter, pouch of Douglas, Down syndrome",
    "Grade II/VI murmur. May take with food. Will follow up. Rose spots. Frank blood. Art line placed. Mark the site.",
    "Hepatitis C. Patient denies. Vitamin D deficiency. Type I diabetes. Room air 98%. Strength 5/5, 2/6 murmur, BP 120/80.",
    "Mother: alive. Father has HTN. Local hospital, pain clinic, community hospital, emergency department.",
    "The 89-year-old man. Aged 45. 90 mg daily, 95%, 100 mL, pulse 92, BP 95/60.",
    "CBC 4500, platelets 150000, 1,234,567 copies/mL, GFR 90, ratio 1.2.3, SpO2 95",
]  # fmt: skip


@pytest.mark.parametrize("text", TRAPS)
def test_nothing_is_found(text):
    assert [(each.kind, text[each.start : each.end]) for each in located([text], FULL)[0]] == []


def test_only_the_date_is_found():
    text = "于2024年3月5日入院"
    assert [(each.kind, text[each.start : each.end]) for each in located([text], FULL)[0]] == [
        ("date", "2024年3月5日")
    ]


FRAMES = {
    "zh": ["{}，男，45岁。", "患者{}，", "患者{}因", "诊断：{}。", "{}主任", "主任{}。", "母亲{}，", "请{}会诊",
           "患者：{}，女", "{}\n", "{}/{}", "{}患者", "医生{}。", "{}先生"],
    "en": ["{} in 2019.", "Diagnosis: {}.", "Patient with {} today.", "{}, 45-year-old", "Allergies: {}", "treated with {} and {}",
           "He takes {}."],
}  # fmt: skip


def _terms():
    """The names and synonyms of every term, in both languages."""
    for path in sorted(TERMS.glob("*.tsv")):
        if path.name == "assertion_cues.tsv":
            continue
        lines = [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if not line.startswith("#")
        ]
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            for column, language in (
                ("name_zh", "zh"),
                ("zh", "zh"),
                ("name_en", "en"),
                ("en", "en"),
            ):
                for word in (row.get(column) or "").split("|"):
                    if word:
                        yield language, word


def test_no_term_is_taken_for_a_person_or_a_place():
    taken = []
    for language, term in sorted(set(_terms())):
        for word in {term, term[:1].upper() + term[1:]}:
            text = "\n".join(frame.replace("{}", word) for frame in FRAMES[language])
            spans = [
                (each.kind, text[each.start : each.end])
                for each in identifiers.find(text)
                if each.kind in {"name", "doctor", "address", "hospital"}
            ]
            if any(value in word or word in value for _, value in spans):
                taken.append((word, spans))
    assert taken == []
