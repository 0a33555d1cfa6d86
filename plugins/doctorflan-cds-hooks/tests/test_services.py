"""Each service, asked over a real socket, in Chinese and in English."""

from __future__ import annotations

import base64

import pytest
from samples import (
    AI,
    EN_NOTE,
    ENCOUNTER,
    PATIENT,
    ZH_NOTE,
    allergy,
    bundle,
    call,
    composition,
    document,
    note_call,
    order,
    order_call,
    section,
    validator,
)

from doctorflan_ls.settings import Settings
from doctorflan_ls.settings.tree import ChecksSettings, ModelsSettings

CHECK, DRAFT, ALLERGY = "doctorflan-note-check", "doctorflan-draft", "doctorflan-allergy"


def codes(cards):
    return [card["source"]["topic"]["code"] for card in cards]


@pytest.mark.parametrize(
    ("accept", "title"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "病历书写与矛盾检查"),
        ("en-GB", "Record check"),
        ("fr;q=0.9, zh;q=0.5, en;q=0.4", "病历书写与矛盾检查"),
        ("en;q=0, zh", "病历书写与矛盾检查"),
        ("de", "Record check"),
        ("zh;q=bad, en;q=0.1", "Record check"),
    ],
)
def test_discovery(served, accept, title):
    answer = served.client.get("/cds-services", headers={"Accept-Language": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    validator("discovery").validate(answer.json())
    listed = [(each["id"], each["hook"]) for each in answer.json()["services"]]
    assert listed == [
        (CHECK, "patient-view"),
        (CHECK, "encounter-discharge"),
        (DRAFT, "encounter-start"),
        (DRAFT, "encounter-discharge"),
        (ALLERGY, "order-select"),
        (ALLERGY, "order-sign"),
    ]
    assert answer.json()["services"][0]["title"] == title


def test_prefetch_templates_use_tokens_that_the_hook_has(served):
    """encounterId is no token of patient-view unless there is an encounter."""
    for each in served.client.get("/cds-services").json()["services"]:
        tokens = {"{{context.patientId}}"}
        if each["hook"].startswith("encounter"):
            tokens.add("{{context.encounterId}}")
        for template in each["prefetch"].values():
            assert [token for token in tokens if token in template]
            assert template.count("{{") == 1


@pytest.mark.parametrize("hook", ["patient-view", "encounter-discharge"])
def test_note_check_in_chinese(served, hook):
    cards = served.cards(CHECK, note_call(ZH_NOTE, hook), "zh")
    assert codes(cards) == ["ZY-01", "ZC-05"]
    first = cards[0]
    assert first["indicator"] == "critical"
    assert "阿莫西林" in first["summary"]
    assert "青霉素过敏" in first["summary"]
    assert "出院记录 2026-03-09" in first["detail"]
    assert first["source"]["label"] == "用药安全：药物与过敏史核对；同类判断依据 WHO ATC 分类"
    assert first["overrideReasons"][0]["display"] == "已处理"
    assert cards[1]["indicator"] == "warning"


def test_note_check_in_english(served):
    cards = served.cards(CHECK, note_call(EN_NOTE), "en")
    assert codes(cards) == ["ZY-01", "ZC-09", "EN-DS-04"]
    assert [card["indicator"] for card in cards] == ["critical", "warning", "info"]
    assert cards[0]["summary"].endswith("(the same substance); please check")
    assert cards[2]["summary"].endswith("(and 1 more)")
    assert cards[2]["detail"].count("\n- ") == 1
    assert cards[0]["overrideReasons"][0]["display"] == "Dealt with"


def test_a_note_with_nothing_wrong_gets_no_card(served):
    clean = ZH_NOTE.replace("4. 复查项目：____\n", "").replace(
        "青霉素过敏史，表现为皮疹", "否认药物过敏史"
    )
    assert served.cards(CHECK, note_call(clean)) == []


def test_the_rule_that_the_settings_disable_is_not_reported(serve):
    settings = Settings(checks=ChecksSettings(disabled=("ZC-05", "ZY-01")))
    served = serve(settings=settings)
    assert served.cards(CHECK, note_call(ZH_NOTE)) == []
    assert served.cards(ALLERGY, order_call([order("阿莫西林")], [allergy("青霉素")])) == []


def test_at_most_five_cards_and_the_rest_is_counted(served):
    """Seven kinds of remarks: the least urgent are not shown, and their number is."""
    text = """出院记录
姓名：示例丙 性别：男 年龄：40岁
主诉：反复出现上腹部不适并且伴有恶心呕吐乏力以及纳差和消瘦
既往史：青霉素过敏史，磺胺过敏史，阿司匹林过敏。
T 66.9℃，P 900次/分，BP 80/120mmHg
出院诊断：子宫肌瘤
出院医嘱：1. 阿莫西林 0.5g 口服 每日3次。2. 布洛芬 0.3g 口服。3. 复查____
"""
    cards = served.cards(CHECK, note_call(text))
    assert len(cards) == 5
    ranks = [("critical", "warning", "info").index(card["indicator"]) for card in cards]
    assert ranks == sorted(ranks)
    assert "未显示" in cards[-1]["detail"]


def test_the_sex_of_the_patient_is_held_against_the_note(served):
    man = {"resourceType": "Patient", "id": PATIENT, "gender": "male"}
    cards = served.cards(CHECK, note_call(ZH_NOTE, patient=man), "en")
    assert "doctorflan-cds-hooks/patient-sex" in codes(cards)
    woman = {**man, "gender": "female"}
    assert "doctorflan-cds-hooks/patient-sex" not in codes(
        served.cards(CHECK, note_call(ZH_NOTE, patient=woman))
    )


def test_a_composition_is_read_by_its_sections(served):
    """The penicillin stands in one section, the allergy in another that LOINC alone names."""
    drugs = section(
        "出院医嘱", "<ol><li>阿莫西林胶囊&nbsp;0.5g 口服 每日3次</li><li>复查血常规</li></ol>"
    )
    allergies = section(
        "Reactions so far", "<p>青霉素过敏，皮疹</p>", code={"coding": [{"code": "48765-2"}]}
    )
    hidden = section("备注", "<style>阿司匹林 ____ </style><script>布洛芬 ____</script><p>无</p>")
    made = composition(drugs, {"title": "过敏", "section": [allergies]}, hidden)
    cards = served.cards(CHECK, call("patient-view", {"compositions": bundle(made)}))
    assert "ZY-01" in codes(cards)
    assert "ZC-05" not in codes(cards)
    assert "阿莫西林" in cards[0]["summary"]


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("text/plain; charset=gb18030", "gb18030"),
        ('text/plain;charset="GBK"', "gbk"),
        ("text/plain", "gb18030"),
        ("text/plain", "utf-8-sig"),
        ("text/plain; charset=UTF-16", "utf-16"),
    ],
)
def test_charsets(served, kind, encoding):
    found = document(ZH_NOTE, kind=kind, encoding=encoding)
    assert codes(served.cards(CHECK, call("patient-view", {"documents": bundle(found)}))) == [
        "ZY-01",
        "ZC-05",
    ]


def test_a_binary_that_comes_along_is_read(served):
    found = document(ZH_NOTE)
    attachment = found["content"][0]["attachment"]
    binary = {
        "resourceType": "Binary",
        "id": "b-9",
        "contentType": "text/plain",
        "data": attachment.pop("data"),
    }
    attachment["url"] = "https://fhir.example.org/r4/Binary/b-9"
    assert codes(
        served.cards(CHECK, call("patient-view", {"documents": bundle(found, binary)}))
    ) == ["ZY-01", "ZC-05"]


def test_what_cannot_be_read_is_said(served):
    pdf = document("x", kind="application/pdf")
    link = document("x")
    link["content"][0]["attachment"] = {
        "contentType": "text/plain",
        "url": "https://fhir.example.org/r4/Binary/1",
    }
    cards = served.cards(CHECK, call("patient-view", {"documents": bundle(pdf, link)}), "en")
    assert codes(cards) == ["unreadable"]
    assert cards[0]["summary"].startswith("2 documents were not checked")
    too_long = document("主诉：发热3天。" * 8000)
    assert codes(served.cards(CHECK, call("patient-view", {"documents": bundle(too_long)}))) == [
        "unreadable"
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "superseded"},
        {"status": "entered-in-error"},
        {"docStatus": "entered-in-error"},
        {"docStatus": "preliminary", "meta": {"security": [AI]}},
    ],
)
def test_withdrawn_documents_and_drafts_of_software_are_no_notes(served, changed):
    found = bundle(document(ZH_NOTE, **changed))
    assert served.cards(CHECK, call("patient-view", {"documents": found})) == []


def test_a_single_resource_and_nothing_at_all(served):
    assert codes(served.cards(CHECK, call("patient-view", {"documents": document(ZH_NOTE)}))) == [
        "ZY-01",
        "ZC-05",
    ]
    assert served.cards(CHECK, call("patient-view", {"documents": None})) == []


@pytest.mark.parametrize(
    ("lang", "text", "hook", "titles"),
    [
        ("zh", ZH_NOTE, "encounter-discharge", ["出院指导", "随访计划"]),
        ("en", EN_NOTE, "encounter-discharge", ["Discharge instruction", "Follow-up plan"]),
        ("zh", ZH_NOTE, "encounter-start", ["病例总结", "问诊提示"]),
    ],
)
def test_drafts(served, lang, text, hook, titles):
    before = len(served.events())
    cards = served.cards(DRAFT, note_call(text, hook), lang)
    assert [card["source"]["topic"]["display"] for card in cards] == titles
    for card, title in zip(cards, titles, strict=True):
        assert card["indicator"] == "info"
        (suggestion,) = card["suggestions"]
        resource = suggestion["actions"][0]["resource"]
        assert resource["subject"] == {"reference": f"Patient/{PATIENT}"}
        assert resource["context"] == {"encounter": [{"reference": f"Encounter/{ENCOUNTER}"}]}
        attachment = resource["content"][0]["attachment"]
        words = base64.b64decode(attachment["data"]).decode("utf-8")
        assert attachment["title"] == title
        assert words.count("\n") > 3
        assert "skeleton" in resource["description"]
        assert "skeleton" in card["detail"]
    made = served.events()[before:]
    assert [event["kind"] for event in made] == ["draft"] * len(titles)
    assert {event["outcome"] for event in made} == {"ready"}


def test_what_the_note_lacks_is_listed_in_the_draft(served):
    card = served.cards(DRAFT, note_call(ZH_NOTE, "encounter-discharge"))[0]
    assert card["summary"] == "出院指导草稿：请核对后使用，有 3 项病历未提及"
    missing = card["detail"].partition("**病历未提及**")[2]
    assert "生活" in missing
    assert "**依据（病历原文）**" in card["detail"]


def test_the_newest_note_is_drafted_from(served):
    old = document("主诉：足癣2年。", date="2020-01-01T00:00:00Z")
    found = bundle(old, document(ZH_NOTE))
    cards = served.cards(DRAFT, call("encounter-discharge", {"documents": found}))
    assert "社区获得性肺炎" in cards[0]["detail"]
    assert "足癣" not in cards[0]["detail"]


def test_a_model_that_is_not_there_is_stood_in_for(serve):
    settings = Settings(models=ModelsSettings(use={"*": "no-such-model"}))
    cards = serve(settings=settings).cards(DRAFT, note_call(EN_NOTE, "encounter-discharge"), "en")
    assert len(cards) == 2
    assert "The chosen model did not answer" in cards[0]["detail"]
    assert "skeleton" in cards[0]["source"]["label"]


def test_no_note_no_draft(served):
    assert served.cards(DRAFT, call("encounter-start", {"documents": None})) == []


@pytest.mark.parametrize(
    ("drug", "recorded", "indicator"),
    [
        ("注射用青霉素钠", "青霉素", "critical"),
        ("阿莫西林胶囊", "青霉素", "critical"),
        (
            "Amoxicillin 120 MG/ML / clavulanate potassium Oral Suspension",
            "Allergy to penicillin (finding)",
            "critical",
        ),
        ("布洛芬缓释胶囊", "阿司匹林", "warning"),
        ("Cefuroxime 500 mg tablet", "ceftriaxone", "warning"),
        ("qixanamab 10 mg", "qixanamab 10 mg", "critical"),
    ],
)
def test_drugs_against_registered_allergies(served, drug, recorded, indicator):
    for lang in ("zh", "en"):
        (card,) = served.cards(ALLERGY, order_call([order(drug)], [allergy(recorded)]), lang)
        assert card["indicator"] == indicator
        assert card["source"]["topic"]["code"] == "ZY-01"
        assert "suggestions" not in card
        assert ("已登记的过敏" if lang == "zh" else "registered allergy") in card["detail"]
        assert card["overrideReasons"][0]["code"] == "tolerated"


@pytest.mark.parametrize(
    ("changed_order", "changed_allergy"),
    [
        ({"status": "cancelled"}, {}),
        ({"doNotPerform": True}, {}),
        ({}, {"verificationStatus": {"coding": [{"code": "refuted"}]}}),
        ({}, {"clinicalStatus": {"coding": [{"code": "resolved"}]}}),
        ({}, {"code": {"text": "No known penicillin allergy"}}),
        ({}, {"code": {"text": "否认青霉素过敏"}}),
        ({"medicationCodeableConcept": {"text": "苯磺酸氨氯地平片"}}, {}),
        # A related class is for the drafts to mention.
        ({"medicationCodeableConcept": {"text": "头孢呋辛酯片"}}, {}),
        ({"medicationCodeableConcept": {"coding": [{"code": "723"}]}}, {}),
    ],
)
def test_no_card_where_there_is_no_conflict(served, changed_order, changed_allergy):
    body = order_call([order("阿莫西林", **changed_order)], [allergy("青霉素", **changed_allergy)])
    assert served.cards(ALLERGY, body) == []


def test_a_drug_behind_a_reference(served):
    medication = {
        "resourceType": "Medication",
        "id": "m-1",
        "code": {"coding": [{"display": "阿莫西林胶囊"}]},
    }
    contained = order("", medicationReference={"reference": "#m-1"}, contained=[medication])
    beside = order("", medicationReference={"reference": "Medication/m-1"})
    named = order(
        "", medicationReference={"reference": "Medication/m-9", "display": "阿莫西林胶囊"}
    )
    for orders in ([contained], [beside, medication], [named]):
        del orders[0]["medicationCodeableConcept"]
        assert codes(served.cards(ALLERGY, order_call(orders, [allergy("青霉素")]))) == ["ZY-01"]


def test_only_what_is_selected_is_told_on_order_select(served):
    orders = [order("阿莫西林胶囊", "o-1"), order("苯唑西林", "o-2")]
    found = served.cards(
        ALLERGY,
        order_call(
            orders, [allergy("青霉素")], "order-select", selections=["MedicationRequest/o-2"]
        ),
    )
    assert "苯唑西林" in found[0]["detail"]
    assert "阿莫西林" not in found[0]["detail"]
    both = served.cards(ALLERGY, order_call(orders, [allergy("青霉素")]))
    assert "阿莫西林" in both[0]["detail"]
    assert "苯唑西林" in both[0]["detail"]


def test_an_allergy_that_stands_in_a_note_alone(served):
    """Registered nowhere: the client has no AllergyIntolerance."""
    body = order_call(
        [order("阿莫西林胶囊")], None, prefetch={"documents": bundle(document(ZH_NOTE))}
    )
    (card,) = served.cards(ALLERGY, body)
    assert "出院记录 2026-03-09" in card["detail"]
    assert served.cards(ALLERGY, order_call([order("阿莫西林胶囊")], None)) == []
    body = order_call(
        [order("头孢呋辛酯片")], None, prefetch={"documents": bundle(document(ZH_NOTE))}
    )
    assert served.cards(ALLERGY, body) == []
