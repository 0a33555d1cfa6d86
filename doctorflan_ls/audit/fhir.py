"""The trail as a FHIR R4 Bundle: an AuditEvent for each row, a Provenance for each accepted draft.

Built and validated through ``fhir.resources`` (the extra ``fhir``). Its models are those of R4B
(4.3.0), in which AuditEvent, Provenance and Bundle have the elements that they have in R4 (4.0.1).
It looks at structure, cardinalities and the form of values, not at the codes' value sets.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from doctorflan_ls.audit.places import AuditFailed

if TYPE_CHECKING:
    from doctorflan_ls.audit.rows import Row

_Json = dict[str, Any]
_UNNAMED = "not named by the host"


def bundle(rows: Iterable[Row]) -> str:
    """The Bundle as JSON; raises AuditFailed where the extra is missing or a row is broken."""
    try:
        from fhir.resources.R4B.bundle import Bundle  # noqa: PLC0415  (an extra, and slow)
    except ImportError:
        raise AuditFailed("audit.no-fhir") from None
    resources = [made for row in rows for made in _resources(row)]
    entries = [{"fullUrl": f"urn:uuid:{made['id']}", "resource": made} for made in resources]
    made = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if not entries:
        del made["entry"]
    return str(Bundle.model_validate(made).model_dump_json())


def _resources(row: Row) -> list[_Json]:
    said = row.to_json()
    how = _how(row.kind, row.outcome)
    made = [_audit_event(row, said, how)]
    if how.get("provenance") and _target(said) is not None:
        made.append(_provenance(row, said))
    return made


def _audit_event(row: Row, said: Mapping[str, Any], how: Mapping[str, Any]) -> _Json:
    data = _data()
    entities = [
        {"what": _digest(value), "type": data["entity_type"], "name": name}
        for name, value in said["digests"].items()
    ]
    details = {**said["identifiers"], **said["counts"], "row": row.seq, "row_hash": row.hash}
    entities.append(
        {
            "what": _draft(said["identifiers"]),
            "type": data["entity_type"],
            "name": "event",
            "detail": [{"type": key, "valueString": str(value)} for key, value in details.items()],
        }
    )
    return {
        "resourceType": "AuditEvent",
        "id": _id(row, "event"),
        "type": how["type"],
        "subtype": [{"system": data["event_system"], "code": f"{row.kind}.{row.outcome}"}],
        "action": how["action"],
        "recorded": row.at,
        "outcome": how["outcome"],
        "agent": [
            {"who": _doctor(row.user), "requestor": True},
            {"who": {"display": _model(said["identifiers"])}, "requestor": False},
        ],
        "source": {"observer": {"display": data["software"]}},
        "entity": entities,
    }


def _provenance(row: Row, said: Mapping[str, Any]) -> _Json:
    data = _data()
    digests = said["digests"]
    entities = []
    if "source" in digests:
        entities.append({"role": "source", "what": _digest(digests["source"])})
    if "draft" in digests:
        # What was accepted is the draft, or what the doctor made of it.
        entities.append({"role": "revision", "what": _digest(digests["draft"])})
    made = {
        "resourceType": "Provenance",
        "id": _id(row, "provenance"),
        "target": [_target(said)],
        "recorded": row.at,
        "activity": {"coding": [{"system": data["event_system"], "code": row.outcome}]},
        "agent": [
            {"type": _participant("doctor"), "who": _doctor(row.user)},
            {
                "type": _participant("software"),
                "who": {"display": _model(said["identifiers"])},
            },
        ],
    }
    return made | ({"entity": entities} if entities else {})


def _target(said: Mapping[str, Any]) -> _Json | None:
    """The words as they stand in the note, by their digest."""
    reviewed = said["digests"].get("reviewed") or said["digests"].get("draft")
    return None if reviewed is None else _digest(reviewed)


def _digest(value: str) -> _Json:
    return {"identifier": {"system": _data()["digest_system"], "value": value}}


def _draft(identifiers: Mapping[str, str]) -> _Json:
    if "draft" in identifiers:
        return {"identifier": {"system": _data()["draft_system"], "value": identifiers["draft"]}}
    return {"display": identifiers.get("rule") or identifiers.get("task") or "event"}


def _doctor(user: str) -> _Json:
    if not user:
        return {"display": _UNNAMED}
    return {"identifier": {"system": _data()["user_system"], "value": user}}


def _model(identifiers: Mapping[str, str]) -> str:
    """The software and, where a model worded the draft, the model with its version."""
    named = [identifiers.get("model", ""), identifiers.get("model_version", "")]
    model = " ".join(each for each in named if each)
    software = str(_data()["software"])
    return f"{software}: {model}" if model else software


def _participant(which: str) -> _Json:
    participant = _data()["participant"]
    return {"coding": [{"system": participant["system"], **participant[which]}]}


def _how(kind: str, outcome: str) -> Mapping[str, Any]:
    kinds = _data()["kinds"]
    found: Mapping[str, Any] = kinds.get(f"{kind}.{outcome}") or kinds[kind]
    return found


def _id(row: Row, part: str) -> str:
    """The same row has the same id in each export."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([row.hash, part])))


@cache
def _data() -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415
    from importlib.resources import files  # noqa: PLC0415

    source = files("doctorflan_ls").joinpath("data", "audit_fhir.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
