"""Required parts and small items: whole records that have them all, and what is said of one that
has not. What a rule points at is marked «so»."""

from __future__ import annotations

import pytest

from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.options import CheckOptions
from doctorflan_ls.checks.run import check
from doctorflan_ls.notes.context import Context
from doctorflan_ls.notes.note import parse_note

ADMISSION = """入院记录
姓名：张某某  性别：女  年龄：40岁  民族：汉族  婚姻：已婚  出生地：某省某市  职业：教师
入院时间：2024-03-05 10:20  记录时间：2024-03-05 14:00  病史陈述者：患者本人
主诉：咳嗽3天
现病史：3天前受凉后咳嗽，伴少量白痰，无发热、胸痛。自服止咳药无好转。精神、睡眠可，大小便正常。
既往史：否认高血压病史，否认肝炎、结核等传染病史，预防接种史不详，无手术外伤史，无输血史，否认药物过敏。
个人史：生于原籍，无外地久居史，无烟酒嗜好，教师，无毒物、粉尘接触史，否认冶游史。
婚育史：24岁结婚，配偶体健，育有1子。
月经史：13 (4-5/28-30) 2024-02-20，经量中等。
家族史：父母体健，兄弟姐妹体健，否认家族遗传病史。
体格检查：T 36.8℃，P 80次/分，R 20次/分，BP 120/80mmHg。双肺呼吸音粗，心律齐，腹软。
辅助检查：血常规：WBC 6.5×10^9/L。
初步诊断：1. 急性支气管炎
医师签名：李某某
"""
DISCHARGE_24H = """24小时内入出院记录
姓名：张某某  性别：男  年龄：30岁  职业：工人
入院时间：2024-03-05 10:20  出院时间：2024-03-06 09:00
主诉：腹痛2小时
入院情况：腹软，右下腹轻压痛。
入院诊断：腹痛待查
诊疗经过：完善腹部CT，予解痉治疗后缓解。
出院情况：腹痛消失。
出院诊断：肠痉挛
出院医嘱：清淡饮食，1周后门诊复查。
医师签名：李某某
"""
DEATH_24H = """24小时内入院死亡记录
姓名：张某某  性别：男  年龄：80岁  职业：退休
入院时间：2024-03-05 10:20  死亡时间：2024-03-05 20:15
主诉：意识丧失1小时
入院情况：昏迷，血压测不出。
入院诊断：心源性休克
诊疗经过：予心肺复苏、升压。
死亡原因：心源性休克
死亡诊断：急性心肌梗死
医师签名：李某某
"""
FIRST = """首次病程记录
2024-03-05 12:00
病例特点：1. 中年女性，咳嗽3天。2. 双肺呼吸音粗。
拟诊讨论：诊断依据：咳嗽3天，双肺呼吸音粗。鉴别诊断：肺炎：胸片可除外。
诊疗计划：1. 胸部CT、血常规。2. 氨溴索口服液 10ml 口服 每日3次。
李某某
"""
DAILY = """日常病程记录
2024-03-06 09:00
患者咳嗽减轻，无发热。双肺呼吸音清。继续目前治疗。
李某某
"""
ROUND = """主治医师查房记录
2024-03-07 09:00
今日王某某主治医师查房：患者咳嗽减轻。分析：诊断依据充分，与肺炎鉴别。指示：继续止咳，复查血常规。
医师签名：李某某
"""
DIFFICULT = """疑难病例讨论记录
讨论日期：2024-03-08
主持人：王某某 主任医师
参加人员：李某某 主治医师、赵某某 住院医师
讨论意见：李某某：考虑结核。
主持人小结：完善T-SPOT。
记录者：李某某
"""
HANDOVER = """交班记录
入院日期：2024-03-05  交班日期：2024-03-09
姓名：张某某  性别：女  年龄：40岁
主诉：咳嗽3天
入院情况：双肺呼吸音粗。
入院诊断：急性支气管炎
诊疗经过：止咳治疗。
目前情况：咳嗽减轻。
目前诊断：急性支气管炎
诊疗计划：继续止咳。
医师签名：李某某
"""
TRANSFER = """转出记录
姓名：张某某，女，40岁，于2024年3月5日因“咳嗽3天”入院，2024年3月9日由呼吸科转至心内科进一步治疗。
入院情况：双肺呼吸音粗。
入院诊断：急性支气管炎
诊疗经过：止咳治疗。
目前情况：心悸。
目前诊断：心房颤动
转科目的：进一步治疗。
诊疗计划：继续监测心率。
医师签名：李某某
"""
RESCUE = """抢救记录
病情变化：患者于10:20突然呼之不应。
抢救时间：2024-03-05 10:20—11:00
抢救措施：胸外按压，肾上腺素1mg静脉注射。
参加人员：王某某主任医师、李某某主治医师、赵某某护士
医师签名：李某某
"""
PROCEDURE = """有创诊疗操作记录
操作名称：胸腔穿刺术
操作时间：2024-03-05 15:00
操作步骤：消毒铺巾，局麻后进针，抽出淡黄色液体500ml。过程顺利，患者无不适，生命体征平稳，无不良反应。
注意事项：已告知患者卧床休息。
操作医师签名：李某某
"""
CONSULT = """会诊记录
病史摘要：咳嗽3天，心悸1天。
会诊目的：协助诊治心悸。
会诊意见：考虑心房颤动，建议控制心室率。
会诊科室：心内科
会诊时间：2024-03-05 16:00
医师签名：李某某
"""
PREOP = """术前小结
简要病情：转移性右下腹痛1天。
术前诊断：急性阑尾炎
手术指征：保守治疗无效。
拟施手术名称和方式：腹腔镜阑尾切除术
拟施麻醉方式：全身麻醉
注意事项：禁食，备皮。
手术者术前查看患者情况：已查看患者，同意手术。
医师签名：李某某
"""
PREOP_DISCUSSION = """术前讨论记录
讨论日期：2024-03-05
术前准备：备皮，禁食。
手术指征：保守治疗无效。
拟施手术：腹腔镜阑尾切除术
可能出现的意外及防范措施：出血，备血。
参加人员：王某某主任医师
讨论意见：同意手术。
主持人小结：明日手术。
医师签名：李某某
"""
OPERATION = """手术记录
姓名：张某某  性别：男  科别：普外科  病房：三病区  床号：12  住院号：123
手术日期：2024-03-06
术前诊断：急性阑尾炎
术中诊断：急性阑尾炎
手术名称：腹腔镜阑尾切除术
手术者：王某某
麻醉方法：全身麻醉
手术经过：常规消毒铺巾，切除阑尾。
术中所见：阑尾充血。
手术者签名：王某某
"""
DISCHARGE = """出院记录
姓名：张某某，女，40岁，于2024年3月5日入院，今日予以出院。
入院情况：双肺呼吸音粗。
入院诊断：急性支气管炎
诊疗经过：止咳治疗。
出院诊断：急性支气管炎
出院情况：咳嗽消失。
出院医嘱：1. 氨溴索片 30mg 口服 每日3次 5天。2. 1周后复诊。
医师签名：李某某
"""
DEATH = """死亡记录
入院日期：2024-03-01
死亡时间：2024-03-05 20:15
入院情况：昏迷。
入院诊断：脑出血
诊疗经过：脱水、升压。
死亡原因：脑疝
死亡诊断：脑出血
医师签名：李某某
"""
DEATH_DISCUSSION = """死亡病例讨论记录
讨论日期：2024-03-08
主持人：王某某 主任医师
参加人员：李某某 主治医师
讨论意见：死亡原因为脑疝。
主持人小结：抢救及时。
记录者：李某某
"""
OUTPATIENT = """门诊病历
就诊时间：2024-03-05  科别：呼吸科
主诉：咳嗽3天
现病史：3天前受凉后咳嗽。
既往史：否认药物过敏。
体格检查：双肺呼吸音清。
辅助检查：血常规正常。
诊断：急性支气管炎
治疗意见：氨溴索 30mg 口服 每日3次。
医师签名：李某某
"""
EMERGENCY = """急诊病历
就诊时间：2024-03-05 10:20  科别：急诊科
主诉：腹痛2小时
现病史：2小时前进食后腹痛。
既往史：否认药物过敏。
体格检查：T 36.8℃，P 80次/分，R 20次/分，BP 120/80mmHg。腹软。
辅助检查：腹部彩超未见异常。
诊断：急性胃炎
治疗意见：解痉治疗。
患者去向：离院
医师签名：李某某
"""
SUMMARY = """DISCHARGE SUMMARY

REASON FOR ADMISSION: Cough for three days.
HOSPITAL COURSE: Treated with antibiotics.
PROCEDURES: Bronchoscopy.
DISCHARGE DIAGNOSIS: Pneumonia.
DISCHARGE CONDITION: Stable.
DISCHARGE MEDICATIONS: Amoxicillin 500 mg by mouth three times daily.
DISCHARGE INSTRUCTIONS: Return with fever.
ATTENDING PHYSICIAN: A. Example, MD
"""
HP = """HISTORY AND PHYSICAL

CHIEF COMPLAINT: Cough.
HISTORY OF PRESENT ILLNESS: Cough for three days.
PAST MEDICAL HISTORY: Asthma.
PAST SURGICAL HISTORY: None.
MEDICATIONS: Albuterol as needed.
ALLERGIES: Penicillin.
FAMILY HISTORY: None.
SOCIAL HISTORY: Never smoked.
REVIEW OF SYSTEMS: No fever.
PHYSICAL EXAMINATION: BP 120/80. Lungs clear.
LABS: WBC 6.5.
ASSESSMENT: Bronchitis.
PLAN: Rest.
"""
SOAP = """SOAP NOTE

SUBJECTIVE: Cough for three days.
OBJECTIVE: Lungs clear.
ASSESSMENT: Bronchitis.
PLAN: Rest.
"""
WHOLE = [
    *(ADMISSION, DISCHARGE_24H, DEATH_24H, FIRST, DAILY, ROUND, DIFFICULT, HANDOVER, TRANSFER),
    *(RESCUE, PROCEDURE, CONSULT, PREOP, PREOP_DISCUSSION, OPERATION, DISCHARGE, DEATH),
    *(DEATH_DISCUSSION, OUTPATIENT, EMERGENCY, SUMMARY, HP, SOAP),
]


def found(text: str, context: Context | None = None) -> tuple[Finding, ...]:
    options = CheckOptions() if context is None else CheckOptions(context=context)
    return check(parse_note(text), options)


def said(text: str, rule: str) -> list[str]:
    """What findings of ``rule`` say of the note, each without its beginning."""
    return [
        each.message("zh").removeprefix("建议补充") for each in found(text) if each.rule.id == rule
    ]


@pytest.mark.parametrize("text", WHOLE, ids=lambda text: text.split("\n")[0])
def test_a_whole_record_has_no_findings(text: str) -> None:
    assert [(each.rule.id, each.message("zh")) for each in found(text)] == []


MENSES = "“月经史”：未见初潮年龄、行经期天数、间隔天数、末次月经或闭经年龄"
WITHOUT = [
    # (the record, a part of it, what it becomes, the rule, what is said)
    (ADMISSION, "医师签名：李某某\n", "", "ZC-02", "“医师签名”：未见此项"),
    (ADMISSION, "医师签名：李某某", "医师签名：", "ZC-02", "“医师签名”：只有标题，没有内容"),
    (ADMISSION, "职业：教师", "职业：", "ZA-02", "“职业”：未见此项"),
    (ADMISSION, "  民族：汉族  婚姻：已婚", "", "ZA-02", "“民族、婚姻”：未见此项"),
    (ADMISSION, "记录时间：2024-03-05 14:00  ", "", "ZA-02", "“记录时间”：未见此项"),
    (
        ADMISSION,
        "，无发热、胸痛。自服止咳药无好转",
        "。自服止咳药",
        "ZA-07",
        "“现病史”：未见与鉴别诊断有关的阴性资料",
    ),
    (ADMISSION, "自服止咳药无好转。", "", "ZA-07", "“现病史”：未见发病以来诊治经过"),
    (
        *(ADMISSION, "精神、睡眠可，大小便正常。", "", "ZA-07"),
        "“现病史”：未见一般情况（精神、睡眠、食欲、大小便、体重）",
    ),
    (ADMISSION, "，否认药物过敏", "", "ZA-09", "“既往史”：未见过敏史"),
    (ADMISSION, "，无输血史", "", "ZA-09", "“既往史”：未见输血史"),
    (
        *(ADMISSION, "预防接种史不详，无手术外伤史，", "", "ZA-09"),
        "“既往史”：未见预防接种史、手术外伤史",
    ),
    (
        *(ADMISSION, "，无毒物、粉尘接触史，否认冶游史", "", "ZA-10"),
        "“个人史”：未见毒物、粉尘、放射性物质接触史、冶游史",
    ),
    (ADMISSION, "13 (4-5/28-30) 2024-02-20，", "既往规律，", "ZA-11", MENSES),
    (ADMISSION, "婚育史：24岁结婚，配偶体健，育有1子。\n", "", "ZA-11", "“婚育史”：未见此项"),
    (ADMISSION, "兄弟姐妹体健，", "", "ZA-12", "“家族史”：未见兄弟姐妹健康状况"),
    (ADMISSION, "R 20次/分，BP 120/80mmHg", "", "ZA-13", "“体格检查”：未见呼吸、血压"),
    (DISCHARGE_24H, "  职业：工人", "", "ZT-02", "“职业”：未见此项"),
    (
        *(DISCHARGE_24H, "  出院时间：2024-03-06 09:00\n主诉：腹痛2小时", "", "ZT-02"),
        "“出院时间、主诉”：未见此项",
    ),
    (DEATH_24H, "死亡原因：心源性休克\n", "", "ZT-02", "“死亡原因”：未见此项"),
    (
        FIRST,
        "病例特点：1. 中年女性，咳嗽3天。2. 双肺呼吸音粗。\n",
        "",
        "ZF-02",
        "“病例特点”：未见此项",
    ),
    (FIRST, "鉴别诊断：肺炎：胸片可除外。", "", "ZF-03", "“鉴别诊断”：未见此项"),
    (FIRST, "李某某\n", "", "ZC-02", "“医师签名”：未见此项"),
    (DAILY, "2024-03-06 09:00\n", "", "ZD-01", "“记录时间”：未见此项"),
    (ROUND, "王某某主治医师", "上级医师", "ZW-02", "“查房医师姓名及专业技术职务”：未见此项"),
    (ROUND, "，与肺炎鉴别", "", "ZW-02", "“鉴别诊断”：未见此项"),
    (DIFFICULT, "主持人小结：完善T-SPOT。\n", "", "ZW-03", "“主持人小结”：未见此项"),
    (HANDOVER, "目前诊断：急性支气管炎\n", "", "ZH-01", "“目前诊断”：未见此项"),
    (TRANSFER, "转科目的：进一步治疗。\n", "", "ZH-01", None),
    (
        RESCUE,
        "参加人员：王某某主任医师、李某某主治医师、赵某某护士\n",
        "",
        "ZR-03",
        "“参加人员”：未见此项",
    ),
    (PROCEDURE, "无不良反应", "", "ZI-01", None),
    (
        PROCEDURE,
        "注意事项：已告知患者卧床休息。\n",
        "",
        "ZI-01",
        "“注意事项、是否向患者说明注意事项”：未见此项",
    ),
    (CONSULT, "会诊科室：心内科\n", "", "ZK-02", "“会诊科室”：未见此项"),
    (PREOP, "拟施麻醉方式：全身麻醉\n", "", "ZP-01", "“拟施麻醉方式”：未见此项"),
    (PREOP_DISCUSSION, "手术指征：保守治疗无效。\n", "", "ZP-03", "“手术指征”：未见此项"),
    (OPERATION, "  床号：12  住院号：123", "", "ZS-02", "“床位号、住院号”：未见此项"),
    (DISCHARGE, "于2024年3月5日入院，", "", "ZX-02", "“入院时间”：未见此项"),
    (DISCHARGE, "出院情况：咳嗽消失。\n", "", "ZX-02", "“出院情况”：未见此项"),
    (DEATH, "死亡时间：2024-03-05 20:15\n", "", "ZM-04", "“死亡时间”：未见此项"),
    (DEATH_DISCUSSION, "主持人：王某某 主任医师\n", "", "ZM-04", None),
    (OUTPATIENT, "就诊时间：2024-03-05  科别：呼吸科\n", "", "ZO-01", "“就诊时间、科别”：未见此项"),
    (EMERGENCY, "患者去向：离院\n", "", "ZO-03", "“患者去向”：未见此项"),
    (EMERGENCY, "T 36.8℃，P 80次/分，", "", "ZO-03", "“体温、脉搏”：未见此项"),
    (SUMMARY, "DISCHARGE CONDITION: Stable.\n", "", "EN-DS-04", "“出院情况”：未见此项"),
    (SUMMARY, "DISCHARGE INSTRUCTIONS: Return with fever.\n", "", "EN-DS-05", None),
    (SUMMARY, "ATTENDING PHYSICIAN: A. Example, MD\n", "", "EN-DS-06", "“医师签名”：未见此项"),
    (HP, "ALLERGIES: Penicillin.\n", "", "EN-HP-06", "“过敏史”：未见此项"),
    (SOAP, "PLAN: Rest.\n", "", "EN-SOAP-04", "“下一步计划”：未见此项"),
]


@pytest.mark.parametrize(("text", "old", "new", "rule", "words"), WITHOUT)
def test_what_is_taken_away_is_missed(
    text: str, old: str, new: str, rule: str, words: str | None
) -> None:
    assert old in text
    without = text.replace(old, new)
    assert said(without, rule) == ([] if words is None else [words])
    if words is not None:
        assert {each.rule.id for each in found(without)} == {rule}
