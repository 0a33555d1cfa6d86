"""Chinese drafts: what reports conclude, whole sentences, and words that only look like a plan."""

import pytest
from test_skeleton import chunks, draft, part

from doctorflan_ls.checks.run import check
from doctorflan_ls.notes.note import parse_note

REFLUX = """主诉：反酸、烧心5年，咳嗽1年。
现病史：
病史摘要
5年前出现反酸、烧心，无呕血，进食后加重，无明显消瘦。1年前外院诊为“慢性胃炎、食管裂孔疝”。
体格检查
腹软，右上腹可触及一肿块，质硬，边界不清，无压痛。肠鸣音正常。
辅助检查
（1）实验室检查
肝功能、肾功能均正常。
（2）胃镜
所见：食管下段黏膜糜烂、水肿。
结论：反流性食管炎：LA-B；食管裂孔疝。
（3）胸片
心肺未见异常。
（4）食管pH监测（口服PPI期间）
监测期间酸反流次数增多。
"""


@pytest.mark.parametrize(
    "task", ["initial-diagnosis", "definitive-diagnosis", "differential-diagnosis", "case-summary"]
)
def test_what_a_report_concludes_is_offered_and_is_no_diagnosis(task):
    text = draft(REFLUX, task)
    assert "检查报告提示：反流性食管炎：LA-B（胃镜）；食管裂孔疝（胃镜）" in text
    assert "病史中提及的诊断：1年前外院诊为“慢性胃炎、食管裂孔疝”" in text
    after = text[text.index("病史中提及的诊断") :]
    assert after.split("\n")[1].startswith("3. ［待补充：")


def test_a_stated_diagnosis_needs_no_candidates():
    text = draft(REFLUX + "初步诊断：胃食管反流病\n", "initial-diagnosis")
    assert part(text, "初步诊断：") == "胃食管反流病"


def test_grade_of_a_report_but_no_period():
    stated = part(draft(REFLUX, "disease-grading"), "记录所载分级、分期、评分：")
    assert "LA-B" in stated
    assert "期间" not in stated


@pytest.mark.parametrize(
    ("task", "title"),
    [
        ("medication-plan", "用药监测："),
        ("postoperative-care", "观察要点与报告阈值："),
        ("postoperative-care", "手术："),
        ("rehabilitation-plan", "诊断与手术："),
        ("discharge-instruction", "做过的治疗："),
        ("surgery-necessity", "已行非手术治疗："),
    ],
)
def test_a_report_is_neither_plan_nor_operation(task, title):
    answer = part(draft(REFLUX, task), title)
    assert "酸反流次数" not in answer
    assert "糜烂" not in answer
    assert "［待补充：" in answer


def test_a_sentence_is_not_cut_in_its_middle():
    told = part(draft(REFLUX, "case-summary"), "现病史：")
    assert "5年前出现反酸、烧心，无呕血，进食后加重" in told
    assert "消瘦" not in told


def test_what_a_report_shows_is_no_symptom():
    told = part(draft(REFLUX, "initial-diagnosis"), "依据·病史：")
    assert "反酸" in told
    assert "糜烂" not in told
    assert "水肿" not in told


def test_a_finding_keeps_what_describes_it():
    told = part(draft(REFLUX, "initial-diagnosis"), "依据·体征：")
    assert told == "右上腹可触及一肿块，质硬，边界不清"


def test_reports_have_their_name_and_findings_come_first():
    told = part(draft(REFLUX, "case-summary"), "辅助检查：")
    assert "胃镜：所见：食管下段黏膜糜烂、水肿" in told
    assert told.index("胃镜") < told.index("胸片：心肺未见异常")
    assert "食管pH监测（口服PPI期间：监测期间酸反流次数增多" in told.replace("）：", "：")
    assert "胸片" not in draft(REFLUX, "treatment-plan")


def test_worded_organ_function_is_recorded():
    told = part(draft(REFLUX, "contraindication-check"), "须对照说明书的情况：")
    assert "肾功能：肝功能、肾功能均正常" in told
    assert "肾功能未记录" not in told


def test_an_earlier_operation_does_not_answer_for_this_one():
    note = "主诉：腹胀3天。\n现病史：10年前行阑尾切除术，3天前出现腹胀。\n"
    told = part(draft(note, "postoperative-care"), "手术：")
    assert "既往手术：10年前行阑尾切除术" in told
    assert "［待补充：" in told


def test_unrecorded_allergies_stay_a_gap_beside_other_checks():
    note = "性别：女  年龄：80岁\n主诉：咳嗽1周。\n"
    told = part(draft(note, "treatment-plan"), "选择治疗时须核对：")
    assert "80岁" in told
    assert "过敏史（记录未提及）" in told


def test_a_short_symptom_keeps_its_site():
    note = "主诉：头晕1月。\n现病史：1月前出现头晕，伴心慌、心前区压迫不适。\n"
    told = part(draft(note, "initial-diagnosis"), "依据·病史：")
    assert "心前区压迫不适" in told


def test_present_state_after_the_admission_is_not_told_twice():
    note = (
        "主诉：头晕1月。\n症状：阵发性头晕，伴心慌，乏力明显。\n"
        "病史：现病史，患者于1月前出现阵发性头晕，伴心慌，乏力明显，为求进一步治疗，特入住我病区，"
        "阵发性头晕，伴心慌。\n"
    )
    told = part(draft(note, "case-summary"), "现病史：")
    assert told.count("伴心慌") == 1
    assert "现病史，" not in told


def test_a_long_history_is_parted_by_its_times():
    past = "患者于8年前出现双下肢发凉，" + "于当地医院对症治疗，症状时轻时重，" * 8
    note = f"主诉：右足破溃1周。\n现病史：{past}1周前右足出现破溃，疼痛明显。\n"
    told = part(draft(note, "case-summary"), "现病史：")
    assert "1周前右足出现破溃，疼痛明显" in told


def test_past_history_keeps_positive_statements_between_denials():
    note = (
        "主诉：乏力1周。\n既往史：否认高血压，2015年行胆囊切除术，否认输血史，"
        "青霉素过敏，预防接种史不详。\n"
    )
    told = part(draft(note, "case-summary"), "既往史：")
    assert "2015年行胆囊切除术" in told
    assert "否认" not in told
    assert "不详" not in told


@pytest.mark.parametrize("words", ["右侧阴囊内可扪及睾丸", "降钙素原0.5ng/ml"])
def test_words_that_hold_a_drug_are_none(words):
    told = draft(f"主诉：发热1天。\n体格检查：{words}。\n", "contraindication-check")
    assert "［待补充：药物（记录中未识别到）］" in told


def test_quoted_classes_before_allergy_are_allergens_and_no_drugs():
    note = "主诉：头晕2天。\n既往史：自述“磺胺”类、“青霉素”类、“黄连素”过敏。\n"
    text = draft(note, "contraindication-check")
    told = part(draft(note, "case-summary"), "过敏史：")
    assert all(name in told for name in ("磺胺", "青霉素", "黄连素"))
    assert "［待补充：药物（记录中未识别到）］" in text


def test_no_frequency_is_not_no_urine():
    note = "主诉：右腰痛半年。\n现病史：右腰痛，无尿频、尿急、尿痛。\n"
    text = draft(note, "triage")
    assert "无尿" not in text
    assert "尿急" not in text
    assert "无尿频、尿急、尿痛" in draft(note, "initial-diagnosis")


VISIT = """门诊病历
主诉：咳嗽、胸闷2天。
现病史：2天前受凉后咳嗽、胸闷，来院途中含服硝酸甘油1片。
既往史：高血压病8年，长期口服缬沙坦80mg qd。
过敏史：对头孢克洛过敏（全身皮疹）。
查体：T 38.9℃，P 86次/分，R 18次/分，BP 124/76mmHg。右肺可闻及湿啰音。
处理：{plan}
"""


@pytest.mark.parametrize(
    "task",
    [
        "discharge-instruction",
        "medication-plan",
        "treatment-plan",
        "postoperative-care",
        "follow-up-plan",
        "contraindication-check",
        "case-summary",
        "medication-inquiry",
    ],
)
@pytest.mark.parametrize(
    ("drug", "relation"),
    [
        ("头孢克洛 0.25g tid 口服", "同一药物"),
        ("头孢呋辛 0.25g bid 口服", "同类药物"),
        ("阿莫西林 0.5g tid 口服", "同属β-内酰胺类"),
    ],
)
def test_the_allergy_warning_stands_on_the_line_of_the_drug(task, drug, relation):
    lines = draft(VISIT.format(plan=f"{drug}；氨溴索 30mg tid 口服。"), task).split("\n")
    warned = [line for line in lines if f"{drug}（请核对：记录有“头孢克洛过敏”，{relation}" in line]
    assert len(warned) == 1
    assert not any("请核对" in line for line in lines if "氨溴索" in line)


def test_a_drug_without_conflict_has_no_warning():
    assert "请核对：记录有" not in draft(
        VISIT.format(plan="氨溴索 30mg tid 口服。"), "treatment-plan"
    )


def test_what_was_taken_so_far_and_the_plan_does_not_name_is_listed():
    text = draft(VISIT.format(plan="氨溴索 30mg tid 口服。"), "discharge-instruction")
    told = part(text, "回家后要用的药：")
    assert "缬沙坦80mg qd 口服（此前在用，计划中未提）" in told
    assert "硝酸甘油" not in told


@pytest.mark.parametrize("plan", ["缬沙坦 160mg qd 口服。", "停用缬沙坦，氨溴索 30mg tid 口服。"])
def test_what_the_plan_names_is_not_unnamed(plan):
    told = part(draft(VISIT.format(plan=plan), "discharge-instruction"), "回家后要用的药：")
    assert "计划中未提" not in told


def test_a_dose_taken_once_is_no_current_drug():
    text = draft(VISIT.format(plan="氨溴索 30mg tid 口服。"), "preoperative-education")
    told = part(text, "您正在用的药（请医生逐一注明继续或停用）：")
    assert told == "\n1. 缬沙坦80mg qd 口服\n2. 已用：硝酸甘油1片 含服"


def test_vital_signs_of_the_summary_abnormal_first():
    told = part(draft(VISIT.format(plan="休息。"), "case-summary"), "现病史：")
    assert "生命体征：T 38.9℃ ↑、P 86次/分、R 18次/分、BP 124/76mmHg" in told


@pytest.mark.parametrize(
    ("task", "title"),
    [("initial-diagnosis", "依据·体征："), ("differential-diagnosis", "阳性发现：")],
)
def test_abnormal_vital_signs_are_a_basis(task, title):
    told = part(draft(VISIT.format(plan="休息。"), task), title)
    assert "生命体征：T 38.9℃ ↑" in told
    assert "BP" not in told


@pytest.mark.parametrize("title", ["门诊病历", "社区随访门诊记录", "术后复诊记录"])
@pytest.mark.parametrize("task", ["discharge-instruction", "follow-up-plan", "treatment-plan"])
def test_a_title_is_no_plan(task, title):
    note = VISIT.format(plan="休息。").replace("门诊病历", title, 1)
    assert title not in draft(note, task)


def test_a_heading_without_text_is_no_plan():
    text = draft("主诉：咳嗽2天。\n随访：\n", "follow-up-plan")
    assert part(text, "时间：") == "［待补充：随访时间与频次］"


@pytest.mark.parametrize(
    ("plan", "found"), [("2周后门诊复查血压。", True), ("门诊已查血常规。", False)]
)
def test_the_word_outpatient_alone_is_no_follow_up(plan, found):
    told = part(draft(VISIT.format(plan=plan), "discharge-instruction"), "复诊：")
    assert ("门诊" in told) is found


def test_emergency_plan_shows_the_conflict_and_what_was_given():
    text = draft(VISIT.format(plan="予头孢呋辛 1.5g 静滴；建议复查胸片。"), "emergency-plan")
    assert "请核对：头孢呋辛" in part(text, "用药前核对：")
    given = part(text, "已做处理：")
    assert "含服硝酸甘油1片" in given
    assert "予头孢呋辛 1.5g 静滴（请核对：" in given
    assert "缬沙坦" not in given


def test_a_question_about_pain_rests_on_the_pain():
    note = "主诉：胸闷2天。\n现病史：2天前起胸闷，1小时前出现胸痛。\n"
    asked = {
        chunk.text: [note[span.start : span.end] for span in chunk.evidence]
        for chunk in chunks(note, "inquiry-prompts")
        if "？" in chunk.text
    }
    assert asked["疼痛性质（绞痛、胀痛、刺痛、烧灼、压榨）？"] == ["胸痛"]
    assert asked["吸烟（支／日×年）、饮酒（量×年）？"] == ["胸闷2天。"]


def test_lung_sounds_are_no_site_of_an_operation_that_nobody_plans():
    title = "病变部位与范围："
    assert "湿啰音" not in part(draft(VISIT.format(plan="休息。"), "surgical-plan"), title)
    planned = VISIT.format(plan="拟行右肺下叶切除术。")
    assert "湿啰音" in part(draft(planned, "surgical-plan"), title)


@pytest.mark.parametrize(
    "task", ["preoperative-education", "discharge-instruction", "rehabilitation-plan"]
)
def test_what_a_patient_gets_is_first_checked_by_the_doctor(task):
    last = draft(VISIT.format(plan="休息。"), task).rsplit("\n", 1)[1]
    assert last == "以上内容均摘自病历记录，请医生核对后交给患者。"


def test_doses_given_before_are_marked_and_are_no_plan():
    note = VISIT.format(plan="已予呋塞米 20mg 静推；氨溴索 30mg tid 口服。").replace(
        "来院途中含服硝酸甘油1片", "急救人员予阿司匹林 300mg 嚼服"
    )
    planned = part(draft(note, "treatment-plan"), "药物治疗：")
    assert planned == "\n1. 呋塞米 20mg 静推（已用）\n2. 氨溴索 30mg tid 口服"
    taken = part(draft(note, "preoperative-education"), "逐一注明继续或停用）：")
    assert "已用：阿司匹林 300mg 嚼服" in taken
    given = part(draft(note, "emergency-plan"), "已做处理：")
    assert "予阿司匹林 300mg 嚼服" in given
    assert "已予呋塞米 20mg 静推" in given
    assert "氨溴索" not in given


MANY = (
    "女，50岁。\n月经史：48岁绝经。\n既往史：否认食物、药物过敏史。\n"
    "入院诊断：1.高血压病2级 2.2型糖尿病 3.高脂血症 4.冠心病 5.脑梗死 6.痛风 "
    "7.慢性胃炎 8.胆囊结石 9.肾结石 10.脂肪肝\n"
)


def test_a_list_of_diagnoses_on_one_line_is_told_item_by_item_and_whole():
    stated = part(draft(MANY, "case-summary"), "诊断：").strip().split("\n")
    assert [line.split(". ", 1)[1] for line in stated] == [
        "高血压病2级",
        "2型糖尿病",
        "高脂血症",
        "冠心病",
        "脑梗死",
        "痛风",
        "慢性胃炎",
        "胆囊结石",
        "肾结石",
        "脂肪肝",
    ]


def test_a_denied_allergy_rests_on_the_words_that_deny_it():
    told = [chunk for chunk in chunks(MANY, "contraindication-check") if "过敏史" in chunk.text]
    assert [[MANY[at.start : at.end] for at in chunk.evidence] for chunk in told][-1] == [
        "否认食物、药物过敏史"
    ]


def test_after_the_menopause_pregnancy_is_not_asked_for():
    asked = "育龄女性"
    assert asked not in draft(MANY, "contraindication-check")
    assert asked in draft(MANY.replace("48岁绝经", "规律"), "contraindication-check")


def test_a_heading_without_text_says_nothing_of_allergies():
    text = draft("主诉：发热3天。\n过敏史：\n诊断：肺炎\n", "case-summary")
    assert part(text, "过敏史：").startswith("［待补充：")


TESTED = """首次病程记录
病例特点：
1. 既往体健。青霉素皮试阳性。
诊疗计划：
1. 哌拉西林他唑巴坦4.5g ivgtt q8h。
"""
TOLD = """---
allergies: [青霉素]
---
门诊初诊病历
主诉：咽痛2天
既往史：体健。否认药物过敏史。
诊断：扁桃体炎
处理：阿莫西林胶囊0.5g po tid。
"""


@pytest.mark.parametrize("note", [TESTED, TOLD])
def test_an_allergy_by_a_skin_test_or_told_beside_the_text_reaches_every_draft(note):
    checked = draft(note, "contraindication-check")
    assert "过敏史（记录未提及" not in checked
    assert "同类药物" in checked
    taken = draft(note, "discharge-instruction")
    assert "青霉素（此前在用" not in taken


def test_a_drip_is_a_route():
    assert "［待补充：途径］" not in draft(TESTED, "contraindication-check")
    (drug,) = [fact for fact in parse_note(TESTED).facts if fact.kind == "drug"]
    assert (drug.dose, drug.route, drug.frequency) == ("4.5g", "ivgtt", "q8h")


@pytest.mark.parametrize(
    "signed", ["住院医师 陈静", "　　　　　　陈静", "主治医师　王立/陈静 2024-03-05 10:00"]
)
def test_who_signed_is_no_diagnosis_and_no_advice(signed):
    note = f"入院记录\n主诉：停经40天，阴道流血1天\n初步诊断：1. 先兆流产\n2. 贫血\n{signed}\n"
    assert "陈静" not in draft(note, "case-summary")
    assert "贫血" in draft(note, "case-summary")
    assert "ZC-02" not in {each.rule.id for each in check(parse_note(note))}
    # A disease on the last line is one.
    assert "高血压病" in draft(note.replace(signed, "3. 高血压病"), "case-summary")
    assert "高血压病" in draft(note.replace(signed, "高血压病"), "case-summary")
