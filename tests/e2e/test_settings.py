"""Settings over real processes: where they come from, what is wrong with them, how they change."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.e2e.peer import ProcessPeer, RpcError, environment, stdio
from tests.e2e.test_drafts import NOTE, asks
from tests.e2e.test_features import answers_schema, document

LONG = "主诉：" + "反复咳嗽咳痰伴活动后气促" * 2 + "3年。\n"
PULLING = {"workspace": {"configuration": True}}


def sent(peer, method):
    return [m for m in peer.heard if m.get("method") == method]


def warnings(peer):
    shown = [m["params"] for m in sent(peer, "window/showMessage")]
    assert all(each["type"] == 2 for each in shown)
    return [each["message"] for each in shown]


async def questions(peer, count):
    method = "workspace/configuration"
    return await peer.until(lambda _: len(sent(peer, method)) == count and sent(peer, method))


async def settings_of(peer):
    return (await peer.request("doctorflan/status"))["settings"]


async def in_force(peer, key):
    return (await settings_of(peer))["values"][key]["value"]


async def push(peer, settings):
    await peer.notify("workspace/didChangeConfiguration", {"settings": settings})


async def rules(peer, uri):
    found = await peer.request("doctorflan/analysis", document(uri))
    return {finding["rule"] for finding in found["analysis"]["findings"]}


async def draft_language(peer, uri):
    return (await peer.request("doctorflan/draft", asks(uri)))["draft"]["language"]


@pytest.mark.parametrize(
    "options",
    [
        {"draft": {"language": "en"}},
        {"doctorflan": {"draft": {"language": "en"}}},
        {"doctorflan": {"draft.language": "en"}, "files": {"trim": True}},
    ],
)
async def test_initialization_options_with_and_without_the_section(options):
    async with stdio() as peer:
        await peer.initialize(initializationOptions=options)
        uri = await peer.open(NOTE)
        assert await draft_language(peer, uri) == "en"
        assert warnings(peer) == []


async def test_the_request_has_the_last_word_on_the_language():
    async with stdio() as peer:
        await peer.initialize(initializationOptions={"draft": {"language": "en"}})
        uri = await peer.open(NOTE)
        result = await peer.request("doctorflan/draft", asks(uri, language="zh-CN"))
        assert result["draft"]["language"] == "zh"


async def test_what_is_wrong_is_said_once_and_the_rest_is_kept():
    async with stdio() as peer:
        options = {
            "draft": {"langauge": "zh", "deadline": 0},
            "checks": {"chief_complaint_max": "many", "disabled": ["ZA-04"]},
        }
        await peer.initialize(locale="zh-cn", initializationOptions=options)
        await push(peer, options)
        await push(peer, options)
        uri = await peer.open(LONG)
        assert "ZA-04" not in await rules(peer, uri)
        assert sorted(warnings(peer)) == [
            "没有设置 draft.langauge（initializationOptions）；是否指 draft.language？已忽略",
            "设置 checks.chief_complaint_max（initializationOptions）：应为 1..500；已忽略此值",
            "设置 draft.deadline（initializationOptions）：应为 1..3600；已忽略此值",
        ]
        status = await peer.request("doctorflan/status")
        answers_schema("status", status)
        assert len(status["settings"]["problems"]) == 3


async def test_a_correction_clears_a_problem_and_a_relapse_is_said_again():
    async with stdio() as peer:
        wrong = {"draft": {"language": "fr"}}
        await peer.initialize(initializationOptions=wrong)
        for settings, problems in (({"draft": {"language": "zh"}}, 0), (wrong, 1)):
            await push(peer, {"doctorflan": settings})
            assert len((await settings_of(peer))["problems"]) == problems
        assert len(warnings(peer)) == 2


@pytest.mark.parametrize("settings", [5, "x", {"doctorflan": 5}, {"draft": []}, {"draft": 1}])
async def test_no_value_ends_the_server(settings):
    async with stdio() as peer:
        await peer.initialize(initializationOptions=settings)
        uri = await peer.open(NOTE)
        assert await draft_language(peer, uri) == "zh"
        assert len(warnings(peer)) == 1
        await push(peer, settings)
        assert await draft_language(peer, uri) == "zh"
        assert len(warnings(peer)) == 1


async def test_a_storm_of_problems_is_cut_short():
    async with stdio() as peer:
        await peer.initialize(initializationOptions={f"other{n}": n for n in range(40)})
        assert len((await settings_of(peer))["problems"]) == 40
        assert len(warnings(peer)) == 6
        assert warnings(peer)[-1].startswith("35 more settings are wrong")


async def test_changes_reach_the_next_draft_and_the_next_findings():
    async with stdio() as peer:
        await peer.initialize()
        uri = await peer.open(LONG)
        assert "ZA-04" in await rules(peer, uri)
        assert await draft_language(peer, uri) == "zh"
        await push(peer, {"checks": {"chief_complaint_max": 60}, "draft": {"language": "en"}})
        assert "ZA-04" not in await rules(peer, uri)
        assert await draft_language(peer, uri) == "en"
        await push(peer, {"doctorflan": {"checks": {"disabled": ["ZA-04"]}}})
        assert "ZA-04" not in await rules(peer, uri)
        assert await draft_language(peer, uri) == "zh"
        await push(peer, None)
        assert "ZA-04" in await rules(peer, uri)


async def test_the_language_of_titles_and_warnings():
    async with stdio() as peer:
        options = {"language": "zh", "nonsense": 1}
        await peer.initialize(locale="en", initializationOptions=options)
        [triage, *_] = (await peer.request("doctorflan/tasks"))["tasks"]
        assert triage["title"] == "分诊"
        assert warnings(peer) == ["没有设置 nonsense（initializationOptions）；已忽略"]
        await push(peer, {"language": "auto"})
        [triage, *_] = (await peer.request("doctorflan/tasks"))["tasks"]
        assert triage["title"] == "Triage"


async def test_names_confirmed_by_the_users_dataset():
    async with stdio() as peer:
        names = {"surgical-plan": "Surgery Plan"}
        await peer.initialize(initializationOptions={"tasks": {"categories": names}})
        found = await peer.request("doctorflan/tasks")
        answers_schema("tasks", found)
        [task] = [each for each in found["tasks"] if each["id"] == "surgical-plan"]
        assert (task["category"], task["origin"]) == ("Surgery Plan", "confirmed")


async def test_a_client_that_can_be_asked_is_asked(tmp_path):
    async with stdio() as peer:
        await peer.initialize(PULLING, rootUri=tmp_path.as_uri())
        for number, language in enumerate(("en", "auto", "en"), 1):
            question = (await questions(peer, number))[-1]
            item = {"section": "doctorflan", "scopeUri": tmp_path.as_uri()}
            assert question["params"] == {"items": [item]}
            answer = [{"draft": {"language": language}}]
            await peer.send({"id": question["id"], "result": answer})
            assert await in_force(peer, "draft.language") == language
            await push(peer, None)


@pytest.mark.parametrize(
    "answer",
    [
        {"result": [None]},
        {"result": []},
        {"result": None},
        {"result": {"x": 1}},
        {"error": {"code": -32601, "message": "no"}},
    ],
)
async def test_a_client_that_answers_nothing_may_have_sent_it(answer):
    async with stdio() as peer:
        await peer.initialize(PULLING)
        await push(peer, {"draft": {"language": "en"}})
        for question in await questions(peer, 2):
            await peer.send({"id": question["id"], **answer})
        assert await in_force(peer, "draft.language") == "en"
        assert warnings(peer) == []


async def test_an_older_answer_does_not_undo_a_newer_one():
    async with stdio() as peer:
        await peer.initialize(PULLING)
        await push(peer, None)
        older, newer = await questions(peer, 2)
        for question, language in ((newer, "en"), (older, "zh")):
            answer = [{"draft": {"language": language}}]
            await peer.send({"id": question["id"], "result": answer})
        assert await in_force(peer, "draft.language") == "en"


async def test_a_client_that_cannot_be_asked_or_register_is_not():
    async with stdio() as peer:
        await peer.initialize()
        await push(peer, {})
        await peer.request("doctorflan/status")
        assert [m for m in peer.heard if "method" in m] == []


async def test_the_workspace_file_is_read_again_when_it_is_written(tmp_path):
    watching = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
    path = tmp_path / ".doctorflan.toml"
    path.write_text('[models]\npath = "/x"\n[draft]\nlanguage = "en"\n')
    async with stdio() as peer:
        folders = [{"uri": tmp_path.as_uri(), "name": "first"}, {"uri": "file:///no", "name": "2"}]
        await peer.initialize({"workspace": watching}, workspaceFolders=folders)
        [question] = await peer.until(lambda _: sent(peer, "client/registerCapability"))
        [registration] = question["params"]["registrations"]
        assert registration["method"] == "workspace/didChangeWatchedFiles"
        await peer.send({"id": question["id"], "result": None})
        assert await in_force(peer, "draft.language") == "en"
        [warning] = warnings(peer)
        assert warning.startswith(f"models.path: a workspace file ({path}) may not set this")
        path.write_text('[draft]\nlanguage = "zh"\n')
        change = {"changes": [{"uri": path.as_uri(), "type": 2}]}
        await peer.notify("workspace/didChangeWatchedFiles", change)
        settings = await settings_of(peer)
        assert settings["problems"] == []
        found = settings["values"]["draft.language"]
        assert found == {"value": "zh", "source": "workspace", "origin": str(path)}


@pytest.mark.parametrize(
    ("root", "folders"),
    [
        ("file://[", []),
        ("untitled:x", 5),
        ("", [5]),
        (5, None),
        ("file:///a%00b", [{"uri": 5}]),
    ],
)
async def test_a_root_that_is_no_folder_is_no_error(root, folders):
    async with stdio() as peer:
        await peer.initialize(rootUri=root, workspaceFolders=folders)
        assert await in_force(peer, "draft.language") == "auto"
        assert warnings(peer) == []


async def test_the_environment_wins_over_the_client(monkeypatch):
    monkeypatch.setenv("DOCTORFLAN_DRAFT_LANGUAGE", "en")
    async with stdio() as peer:
        await peer.initialize(initializationOptions={"draft": {"language": "zh"}})
        uri = await peer.open(NOTE)
        assert await draft_language(peer, uri) == "en"


async def test_the_command_line_wins_over_all(monkeypatch):
    monkeypatch.setenv("DOCTORFLAN_DRAFT_LANGUAGE", "zh")
    pipe = asyncio.subprocess.PIPE
    options = ("--set", "draft.language=en", "--lang", "zh", "--stdio")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "doctorflan_ls", *options),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment(),
    )
    peer = ProcessPeer(process.stdout, process.stdin)
    await peer.initialize(locale="en")
    assert await in_force(peer, "draft.language") == "en"
    assert (await peer.request("doctorflan/status"))["locale"] == "zh"
    await peer.request("shutdown")
    await peer.notify("exit")
    assert await process.wait() == 0


async def test_a_stuck_model_is_given_up_at_the_deadline():
    async with stdio("deaf") as peer:
        await peer.initialize(initializationOptions={"draft": {"deadline": 1}})
        uri = await peer.open(NOTE)
        with pytest.raises(RpcError, match="did not finish within 1 s") as caught:
            await peer.request("doctorflan/draft", asks(uri))
        assert caught.value.code == -32803
        assert await peer.request("textDocument/documentSymbol", document(uri))


async def test_no_setting_is_read_before_the_answer_of_initialize(tmp_path):
    (tmp_path / ".doctorflan.toml").write_text('language = "zh"\n')
    async with stdio() as peer:
        params = {"capabilities": {}, "rootUri": tmp_path.as_uri(), "initializationOptions": {}}
        await peer.request("initialize", params)
        before = set(await peer.request("test/modules"))
        assert not before & {"tomllib", "doctorflan_ls.settings"}
        await peer.notify("initialized", {})
        assert {"tomllib", "doctorflan_ls.settings"} <= set(await peer.request("test/modules"))


async def test_a_client_that_never_says_initialized_has_its_settings():
    async with stdio() as peer:
        options = {"draft": {"language": "en"}, "nonsense": 1}
        await peer.request("initialize", {"capabilities": {}, "initializationOptions": options})
        uri = await peer.open(NOTE)
        assert await draft_language(peer, uri) == "en"
        assert len(warnings(peer)) == 1
