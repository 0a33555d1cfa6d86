"""What is shown as leaving this machine is, to the character, what a real server is sent."""

from __future__ import annotations

import pytest
from openai_servers import manifest, serving, stream

from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import ModelOptions, Sampling, Stop
from doctorflan_ls.models.catalogue import load_model
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.models.openai import address
from doctorflan_ls.models.openai.chat import OpenAIChat
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt, Turn
from doctorflan_ls.tasks.registry import builtin_tasks, get_task
from doctorflan_ls.text import Span

NOTE = """\
姓名：欧阳娜娜 性别：女 年龄：45岁
住院号：ZY0012345
联系电话：138-1234-5678
主诉：胸痛3天。
现病史：3天前活动后胸痛，欧阳娜娜自服硝酸甘油。
过敏史：青霉素过敏。
"""
SECRETS = ("欧阳娜娜", "ZY0012345", "138-1234-5678")
OPTIONS = ModelOptions(hosts=("127.0.0.1",))


def model(server, *, local, **given):
    here = address.parse(server.url)
    # The test's server stands for one that is elsewhere.
    where = address.Address(here.secure, here.host, here.port, here.path, local=local)
    return LanguageModel(OpenAIChat(manifest(server.url, **given), where, OPTIONS))


def prompt(task="differential-diagnosis", turn=None, text=NOTE):
    return Prompt(get_task(task), parse_note(text), Span(0, len(text)), "zh", turn)


def arrived(server):
    return [(each["role"], each["content"]) for each in server.bodies[-1]["messages"]]


def shown(outgoing):
    return [(each.role, each.text) for each in outgoing.messages]


@pytest.mark.parametrize("local", [False, True], ids=["elsewhere", "here"])
@pytest.mark.parametrize("task", [task.id for task in builtin_tasks()])
def test_what_is_shown_is_what_arrives(task, local):
    with serving(stream("好。")) as server:
        asked = model(server, local=local)
        outgoing = asked.outgoing(prompt(task), Sampling())
        assert server.requests == []
        list(asked.generate(prompt(task), Sampling(), Stop()))
        assert shown(outgoing) == arrived(server)
    said = "".join(text for _, text in shown(outgoing))
    assert "胸痛" in said
    assert [secret in said for secret in SECRETS] == [local] * 3
    # The name, which stands twice, is one value.
    assert outgoing.masked == (0 if local else 3)


def test_a_question_about_a_draft_and_a_note_that_is_cut_too(engine_draft):
    long = NOTE + "病程：" + "".join(f"第{n}日胸痛减轻，欧阳娜娜一般情况可。" for n in range(400))
    turn = Turn(engine_draft, "欧阳娜娜还需要查什么？")
    for asked in (prompt(turn=turn), prompt(text=long)):
        with serving(stream("好。")) as server:
            remote = model(server, local=False, context_length=2048)
            outgoing = remote.outgoing(asked, Sampling())
            list(remote.generate(asked, Sampling(), Stop()))
            assert shown(outgoing) == arrived(server)
        assert "欧阳娜娜" not in str(shown(outgoing))


@pytest.fixture
def engine_draft():
    engine = Engine(load_model)
    yield engine.run_sync(Job("k", prompt()))
    engine.close()


def test_a_note_that_does_not_fit_is_said_as_for_a_draft():
    with serving(stream("好。")) as server:
        small = model(server, local=False, context_length=256)
        with pytest.raises(ModelUnavailable, match="256"):
            small.outgoing(prompt(), Sampling())
        assert server.requests == []
