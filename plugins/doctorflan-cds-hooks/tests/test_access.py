"""Who may ask, and what is answered to a request that is not right."""

from __future__ import annotations

import gzip
import json
import socket

import httpx
import pytest
from doctorflan_cds_hooks.body import MOST_BYTES
from doctorflan_cds_hooks.guard import Access
from samples import (
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
    verdict,
)

CHECK = "/cds-services/doctorflan-note-check"
DRAFT = "/cds-services/doctorflan-draft"
ALLERGY = "/cds-services/doctorflan-allergy"
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
TOKEN = "a-token-for-tests-only"
ORIGIN = "https://ehr.example.org"


def refused(answer: httpx.Response, status: int) -> str:
    """The message of a refusal, which must be one line of JSON."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["message"]
    assert "\n" not in answer.json()["message"]
    return answer.json()["message"]


def test_a_token_is_asked_for_everywhere(serve):
    served = serve(Access(TOKEN))
    paths = (
        ("GET", "/cds-services"),
        ("POST", CHECK),
        ("POST", f"{CHECK}/feedback"),
        ("GET", "/nothing"),
    )
    for method, path in paths:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = served.client.request(method, path, headers=header)
            refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
    right = {"Authorization": f"bearer {TOKEN}"}
    assert served.client.get("/cds-services", headers=right).status_code == 200
    assert served.client.post(CHECK, json=note_call(ZH_NOTE), headers=right).status_code == 200
    odd = served.client.get("/cds-services", headers=[(b"authorization", "Bearer 令牌".encode())])
    refused(odd, 401)


def test_cors_for_named_origins_alone(serve):
    served = serve(Access(TOKEN, (ORIGIN,)))
    wanted = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    preflight = served.client.options(CHECK, headers={"Origin": ORIGIN, **wanted})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    shown = {"Origin": ORIGIN, "Authorization": f"Bearer {TOKEN}"}
    answer = served.client.post(CHECK, json=note_call(ZH_NOTE), headers=shown)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    # The page gets to read why it was refused.
    answer = served.client.post(CHECK, json=note_call(ZH_NOTE), headers={"Origin": ORIGIN})
    refused(answer, 401)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    for stranger in ("https://evil.example.org", "null", f"{ORIGIN}.evil.org"):
        for answer in (
            served.client.options(CHECK, headers={"Origin": stranger, **wanted}),
            served.client.get("/cds-services", headers={**shown, "Origin": stranger}),
        ):
            refused(answer, 403)
            assert "access-control-allow-origin" not in answer.headers


def test_no_origin_is_let_in_by_default(served):
    refused(served.client.get("/cds-services", headers={"Origin": "http://localhost:3000"}), 403)


@pytest.mark.parametrize(
    "host", ["evil.example.org", "evil.example.org:8765", "127.0.0.1.evil.org", "[::2]:1"]
)
def test_a_name_that_is_not_this_machine(served, host):
    """DNS rebinding: a page's own name leads to 127.0.0.1."""
    refused(served.client.get("/cds-services", headers={"Host": host}), 403)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "127.0.0.1:99", "[::1]", "[::1]:8765", "LOCALHOST"]
)
def test_names_of_this_machine(served, host):
    assert served.client.get("/cds-services", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/cds-services/", 404),
        ("POST", "/cds-services/doctorflan-nothing", 404),
        ("POST", "/cds-services/doctorflan-nothing/feedback", 404),
        ("GET", "/cds-services/doctorflan-note-check/other/feedback", 404),
        ("POST", "/cds-services", 405),
        ("GET", CHECK, 405),
        ("DELETE", CHECK, 405),
        ("PUT", f"{CHECK}/feedback", 405),
        ("OPTIONS", CHECK, 405),
    ],
)
def test_wrong_paths_and_methods(served, method, path, status):
    answer = served.client.request(method, path, headers={"Accept-Language": "zh"})
    message = refused(answer, status)
    assert any(letter > "\u4e00" for letter in message)
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "multipart/x",
    ],
)
def test_other_media_types(served, kind):
    headers = {"Content-Type": kind} if kind else {}
    refused(served.client.post(CHECK, content=json.dumps(note_call(ZH_NOTE)), headers=headers), 415)


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=UTF-8", "application/fhir+json"]
)
def test_media_types_of_json(served, kind):
    answer = served.client.post(
        CHECK, content=json.dumps(note_call(ZH_NOTE)), headers={"Content-Type": kind}
    )
    assert answer.status_code == 200


def test_a_body_of_five_megabytes_and_one_that_is_longer(served):
    body = note_call(ZH_NOTE)
    body["extension"] = {"org.example.pad": ""}
    room = MOST_BYTES - len(json.dumps(body))
    body["extension"]["org.example.pad"] = "x" * room
    fits = json.dumps(body)
    json_type = {"Content-Type": "application/json"}
    assert len(fits) == MOST_BYTES
    assert served.client.post(CHECK, content=fits, headers=json_type).status_code == 200
    message = refused(served.client.post(CHECK, content=fits + " ", headers=json_type), 413)
    assert "5242880" in message
    # Without a length, piece by piece.
    pieces = (b" " * 65536 for _ in range(100))
    refused(served.client.post(CHECK, content=pieces, headers=json_type), 413)
    # Announced, never sent.
    with socket.create_connection(
        served.client.base_url.raw_host and ("127.0.0.1", served.client.base_url.port)
    ) as raw:
        raw.sendall(
            f"POST {CHECK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {10**12}\r\n\r\n".encode()
        )
        assert b" 413 " in raw.recv(4096).split(b"\r\n")[0]
    assert served.client.get("/cds-services").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"hook": NaN}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\xff\xfe{}",
        '{"hook": "病历'.encode("gbk"),
        gzip.compress(b"{}"),
    ],
)
def test_bodies_that_are_no_json_objects(served, body):
    for path in (CHECK, f"{CHECK}/feedback"):
        refused(
            served.client.post(path, content=body, headers={"Content-Type": "application/json"}),
            400,
        )


def changed(body: dict, path: str, value: object) -> dict:
    """``body`` with the member at ``path`` replaced; with ... it is left out."""
    *way, last = path.split(".")
    at = body
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if value is ...:
        del at[last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("hook", ..., "hook"),
        ("hook", "order-sign", "patient-view"),
        ("hook", 5, "hook"),
        ("hookInstance", ..., "hookInstance"),
        ("hookInstance", "1", "hookInstance"),
        ("context", ..., "context"),
        ("context", [], "context"),
        ("context.patientId", ..., "context.patientId"),
        ("context.patientId", "a/b", "context.patientId"),
        ("context.patientId", "\ud800", "context.patientId"),
        ("prefetch", [], "prefetch"),
        ("prefetch.documents", [], "prefetch.documents"),
        ("prefetch.documents", {}, "prefetch.documents.resourceType"),
        ("prefetch.documents.entry.0", 7, "prefetch.documents.entry[0]"),
        ("prefetch.documents.entry", [{}] * 501, "prefetch.documents.entry"),
        (
            "prefetch.documents.entry.0.resource.subject.reference",
            "Patient/p-2",
            "prefetch.documents.entry[0].resource.subject",
        ),
        (
            "prefetch.documents.entry.0.resource.content.0.attachment.data",
            "病",
            "prefetch.documents.entry[0].resource.content[0].attachment.data",
        ),
        (
            "prefetch.documents.entry.0.resource.content.0.attachment.data",
            "//8=",
            "prefetch.documents.entry[0].resource.content[0].attachment.data",
        ),
        (
            "prefetch.documents.entry.0.resource.content.0.attachment.contentType",
            "text/plain; charset=zlib",
            "prefetch.documents.entry[0].resource.content[0].attachment.contentType",
        ),
        (
            "prefetch.documents.entry.0.resource.content.0",
            {},
            "prefetch.documents.entry[0].resource.content[0].attachment",
        ),
        ("prefetch.patient", {"resourceType": "Patient", "id": "p-2"}, "prefetch.patient"),
    ],
)
def test_the_place_of_a_mistake_is_named(served, path, value, place):
    found = call("patient-view", {"documents": bundle(document(ZH_NOTE)), "patient": None})
    content = json.dumps(changed(found, path, value))
    for lang in ("zh", "en"):
        headers = {"Content-Type": "application/json", "Accept-Language": lang}
        assert place in refused(served.client.post(CHECK, content=content, headers=headers), 400)


def test_a_note_of_another_patient_is_refused_wherever_it_stands(served):
    other = {"reference": f"Patient/{PATIENT}0"}
    made = composition(section("主诉", "<p>发热3天</p>"), subject=other)
    assert "prefetch.compositions" in refused(
        served.post(CHECK, call("patient-view", {"compositions": made})), 400
    )
    body = order_call([order("阿莫西林", subject=other)], [])
    assert "context.draftOrders" in refused(served.post(ALLERGY, body), 400)
    body = order_call([order("阿莫西林")], [allergy("青霉素", patient=other)])
    assert "prefetch.allergies" in refused(served.post(ALLERGY, body), 400)


@pytest.mark.parametrize(
    "div",
    [
        "<div><p>没有结束",
        "<!DOCTYPE div [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><div>&b;</div>",
        '<!DOCTYPE div SYSTEM "file:///etc/passwd"><div>&x;</div>',
        "plain words",
        "",
        "<div>&nosuchentity;</div>",
    ],
)
def test_narratives_that_are_no_xhtml(served, div):
    made = composition({"title": "主诉", "text": {"div": div}})
    message = refused(served.post(CHECK, call("patient-view", {"compositions": made})), 400)
    assert "prefetch.compositions.section[0].text.div" in message
    assert "passwd" not in message


def test_sections_in_sections_without_end(served):
    deep: dict = {"title": "a"}
    for _ in range(300):
        deep = {"title": "a", "section": [deep]}
    refused(served.post(CHECK, call("patient-view", {"compositions": composition(deep)})), 400)


@pytest.mark.parametrize("prefetch", [None, {}, {"patient": None}])
def test_what_must_be_prefetched(served, prefetch):
    """412: the specification's answer where the service cannot get at what it needs."""
    message = refused(served.post(CHECK, call("patient-view", prefetch), "en"), 412)
    assert "documents" in message
    assert "documents" in refused(served.post(DRAFT, call("encounter-start", prefetch)), 412)
    orders = {"resourceType": "Bundle"}
    assert "allergies" in refused(
        served.post(ALLERGY, call("order-sign", prefetch, draftOrders=orders)), 412
    )


@pytest.mark.parametrize("hook", ["encounter-start", "encounter-discharge"])
def test_an_encounter_that_the_hook_must_name(served, hook):
    body = note_call(ZH_NOTE, hook)
    del body["context"]["encounterId"]
    assert "context.encounterId" in refused(served.post(DRAFT, body), 400)


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        ({}, "feedback"),
        ([], "feedback"),
        ([verdict(CARD)] * 101, "feedback"),
        ([5], "feedback[0]"),
        ([verdict("x")], "feedback[0].card"),
        ([verdict(CARD), verdict(CARD, "ignored")], "feedback[1].outcome"),
        ([verdict(CARD, "accepted")], "feedback[0].acceptedSuggestions"),
        (
            [verdict(CARD, "accepted", acceptedSuggestions=[{"id": 1}])],
            "feedback[0].acceptedSuggestions[0].id",
        ),
        ([verdict(CARD, outcomeTimestamp="yesterday")], "feedback[0].outcomeTimestamp"),
        ([verdict(CARD, outcomeTimestamp="2026-13-01T00:00:00Z")], "feedback[0].outcomeTimestamp"),
        ([verdict(CARD, overrideReason="no")], "feedback[0].overrideReason"),
        (
            [verdict(CARD, overrideReason={"userComment": 5})],
            "feedback[0].overrideReason.userComment",
        ),
    ],
)
def test_feedback_that_is_not_right_is_not_kept(served, entries, place):
    before = len(served.events())
    assert place in refused(served.post(f"{CHECK}/feedback", {"feedback": entries}), 400)
    assert len(served.events()) == before
