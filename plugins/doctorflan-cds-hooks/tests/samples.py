"""Requests as an EHR sends them. The patients are invented."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path

from jsonschema import Draft202012Validator

PATIENT = "p-1001"
ENCOUNTER = "e-77"
AI = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "AIAST"}

# A penicillin in spite of a penicillin allergy, and a placeholder left.
ZH_NOTE = """出院记录

姓名：示例甲（虚构）  性别：女  年龄：67岁
入院日期：2026-03-02  出院日期：2026-03-09

入院情况：因“咳嗽、咳痰伴发热4天”入院。T 38.9℃，右下肺可闻及湿啰音。
既往史：高血压病史10年。青霉素过敏史，表现为皮疹。
入院诊断：
1. 社区获得性肺炎
2. 高血压病2级
诊疗经过：予左氧氟沙星抗感染、祛痰治疗，体温3天后正常，复查胸片炎症吸收。
出院诊断：
1. 社区获得性肺炎
2. 高血压病2级
出院情况：T 36.5℃，P 76次/分，BP 136/80mmHg。咳嗽明显减轻。
出院医嘱：
1. 阿莫西林胶囊 0.5g 口服 每日3次，共5天。
2. 硝苯地平控释片 30mg 口服 每日1次。
3. 两周后呼吸科门诊复查胸片。
4. 复查项目：____
"""

EN_NOTE = """DISCHARGE SUMMARY

Patient: Example B (invented), 58-year-old male
Admission date: 2026-02-10   Discharge date: 2026-02-14

History of Present Illness: Three days of productive cough, fever to 39.1 C and chest pain.
Past Medical History: Hypertension. Allergies: amoxicillin (rash).
Hospital Course: Treated with levofloxacin, afebrile after two days. Repeat chest X-ray improved.
Discharge Diagnosis: Community-acquired pneumonia. Hypertension.
Discharge Medications: Amoxicillin 500 mg by mouth three times daily. Amlodipine 5 mg once daily.
Follow-up: Chest clinic in two weeks with a chest X-ray. Return at once if short of breath.
Vital signs: BP 80/120 mmHg, temperature 36.8 C.
"""


def document(
    text: str, *, kind: str = "text/plain; charset=utf-8", encoding: str = "utf-8", **more
) -> dict:
    """A DocumentReference with ``text`` inside."""
    data = base64.b64encode(text.encode(encoding)).decode("ascii")
    return {
        "resourceType": "DocumentReference",
        "id": "d-1",
        "status": "current",
        "type": {"text": "出院记录"},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "date": "2026-03-09T10:00:00+08:00",
        "content": [{"attachment": {"contentType": kind, "data": data}}],
        **more,
    }


def composition(*sections: dict, **more) -> dict:
    """A Composition with ``sections``."""
    return {
        "resourceType": "Composition",
        "id": "c-1",
        "status": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}]},
        "subject": {"reference": f"https://fhir.example.org/r4/Patient/{PATIENT}/_history/3"},
        "date": "2026-03-09",
        "title": "出院记录",
        "section": list(sections),
        **more,
    }


def section(title: str, body: str, **more) -> dict:
    """A section whose narrative is ``body`` in a div."""
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'
    return {"title": title, "text": {"status": "generated", "div": div}, **more}


def bundle(*found: dict) -> dict:
    """A search's answer."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": each} for each in found],
    }


def call(hook: str, prefetch: dict | None, **context) -> dict:
    """The body of a call."""
    body = {
        "hook": hook,
        "hookInstance": str(uuid.uuid4()),
        "fhirServer": "https://fhir.example.org/r4",
        "context": {
            "userId": "Practitioner/7",
            "patientId": PATIENT,
            "encounterId": ENCOUNTER,
            **context,
        },
    }
    return body if prefetch is None else {**body, "prefetch": prefetch}


def note_call(text: str, hook: str = "patient-view", **more) -> dict:
    """A call with one note."""
    return call(hook, {"documents": bundle(document(text)), "compositions": None, **more})


def allergy(words: str, **more) -> dict:
    """An AllergyIntolerance."""
    return {
        "resourceType": "AllergyIntolerance",
        "id": "a-1",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": words},
        "patient": {"reference": f"Patient/{PATIENT}"},
        "recordedDate": "2020-05-01",
        **more,
    }


def order(words: str, name: str = "o-1", **more) -> dict:
    """A MedicationRequest that is not signed."""
    return {
        "resourceType": "MedicationRequest",
        "id": name,
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "medicationCodeableConcept": {"text": words},
        **more,
    }


def order_call(
    orders: list[dict], allergies: list[dict] | None, hook: str = "order-sign", **more
) -> dict:
    """A call about ``orders``; ``allergies`` None is a client that has none on file."""
    found = None if allergies is None else bundle(*allergies)
    prefetch = {"allergies": found, **more.pop("prefetch", {})}
    return call(
        hook,
        prefetch,
        draftOrders={"resourceType": "Bundle", "entry": [{"resource": o} for o in orders]},
        **more,
    )


def verdict(card: str, outcome: str = "overridden", **more) -> dict:
    """One entry of a feedback."""
    return {"card": card, "outcome": outcome, "outcomeTimestamp": "2026-03-09T02:10:00Z", **more}


def validator(name: str) -> Draft202012Validator:
    """The schema ``name`` of this package."""
    file = Path(__file__).resolve().parents[1] / "schemas" / f"{name}.schema.json"
    return Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))
