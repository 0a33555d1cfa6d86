"""Whatever is sent, the answer is JSON: 200, or a 4xx. Never 500, and the service goes on."""

from __future__ import annotations

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import (
    PATIENT,
    ZH_NOTE,
    allergy,
    bundle,
    call,
    composition,
    document,
    order,
    order_call,
    section,
    validator,
    verdict,
)

CHECK = "/cds-services/doctorflan-note-check"
SHORT = ZH_NOTE[:180]
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"

_NAMES = st.sampled_from(
    (
        "hook",
        "context",
        "prefetch",
        "resourceType",
        "entry",
        "resource",
        "section",
        "text",
        "div",
        "data",
        "feedback",
    )
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        (
            "Bundle",
            "DocumentReference",
            "Composition",
            "patient-view",
            "accepted",
            "\ud83d",
            "\x00",
            "",
        )
    )
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_NAMES | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)

_WHOLE = [
    (
        CHECK,
        call(
            "patient-view",
            {
                "documents": bundle(document(SHORT)),
                "compositions": bundle(
                    composition(section("主诉", "<p>发热3天</p>", code={"coding": [{"code": "x"}]}))
                ),
                "patient": {"resourceType": "Patient", "id": PATIENT, "gender": "male"},
            },
        ),
    ),
    (
        "/cds-services/doctorflan-draft",
        call("encounter-start", {"documents": bundle(document(SHORT))}),
    ),
    (
        "/cds-services/doctorflan-allergy",
        order_call(
            [
                order(
                    "阿莫西林",
                    medicationReference={"reference": "#m"},
                    contained=[{"resourceType": "Medication", "id": "m"}],
                )
            ],
            [allergy("青霉素", reaction=[{"substance": {"text": "青霉素"}}])],
            "order-select",
            selections=["MedicationRequest/o-1"],
        ),
    ),
    (
        f"{CHECK}/feedback",
        {
            "feedback": [
                verdict(
                    CARD,
                    overrideReason={"reason": {"code": "wrong", "system": "x"}, "userComment": "y"},
                ),
                verdict(CARD, "accepted", acceptedSuggestions=[{"id": CARD}]),
            ]
        },
    ),
]


def places(node: object, way: tuple = ()) -> list[tuple]:
    """Every place of a JSON value but the whole."""
    members = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    found = []
    for key, value in members:
        found += [(*way, key), *places(value, (*way, key))]
    return found


def held(served, path: str, content: str) -> None:
    answer = served.client.post(
        path, content=content.encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 200 or 400 <= answer.status_code < 500, (
        answer.status_code,
        answer.text,
    )
    said = answer.json()
    if answer.status_code != 200:
        assert list(said) == ["message"]
    elif not path.endswith("feedback"):
        validator("response").validate(said)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=_JSON, which=st.integers(0, len(_WHOLE) - 1))
def test_random_json(served, body, which):
    held(served, _WHOLE[which][0], json.dumps(body))


@settings(
    max_examples=160, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(which=st.integers(0, len(_WHOLE) - 1), value=_JSON, data=st.data())
def test_a_right_request_with_one_thing_wrong(served, which, value, data):
    path, whole = _WHOLE[which]
    body = copy.deepcopy(whole)
    *way, last = data.draw(st.sampled_from(places(body)))
    at = body
    for key in way:
        at = at[key]
    if data.draw(st.booleans()):
        at[last] = value
    else:
        del at[last]
    held(served, path, json.dumps(body))


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=400))
def test_any_text_is_a_note(served, text):
    try:
        found = document(text)
    except UnicodeEncodeError:
        return
    held(served, CHECK, json.dumps(call("patient-view", {"documents": found})))


def test_the_service_went_on(served):
    body = call("patient-view", {"documents": document(ZH_NOTE)})
    assert len(served.cards("doctorflan-note-check", body)) == 2
