"""``doctorflan-ls models check``: are the files whole, and does it still say what it said?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from doctorflan_ls.cli.exits import Exit
from doctorflan_ls.cli.progress import progress
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import BadRequest
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.models.base import ChatModel, Message, ModelOptions, Sampling, Stop
from doctorflan_ls.models.catalogue import find
from doctorflan_ls.models.choice import options
from doctorflan_ls.models.folders import store
from doctorflan_ls.models.folders.manifest import Sample
from doctorflan_ls.plugins import Registry

_QUESTIONS: dict[Locale, str] = {
    "zh": "用一句话说明什么是发热。",
    "en": "Say in one sentence what a fever is.",
}
_TOKENS = 32
# Characters of both answers shown around the first difference.
_AROUND = 24


@click.command("check")
@click.argument("model", metavar="ID")
@click.pass_context
def check_command(ctx: click.Context, model: str) -> Exit:
    """Check a model's files and its answer to a sample.

    Every file is compared with its hash, the model is loaded, and asked its manifest's sample.
    Where it has no sample it writes one short text in each of its languages. Exit code 1 where the
    answer differs from the sample.
    """
    session = Session.of(ctx)
    allowed = options(session.settings)
    with chat_of(model, allowed, session) as (listed, chat):
        if listed.spec.host:
            _say(session, "models.asking", model=model, host=listed.spec.host)
        else:
            _say(session, "models.loaded", model=model, count=len(listed.manifest.files))
        sample = listed.manifest.sample
        if sample is not None:
            return _compared(chat, sample, session)
        for language, question in _QUESTIONS.items():
            if language in listed.spec.languages:
                asked = (Message("user", question),)
                text = answer(chat, asked, Sampling(max_tokens=_TOKENS))
                _say(session, "models.wrote", language=language, text=" ".join(text.split()))
    _say(session, "models.no-sample")
    return Exit.OK


@contextmanager
def chat_of(
    model: str, allowed: ModelOptions, session: Session
) -> Iterator[tuple[store.FolderModel, ChatModel]]:
    """The language model ``model``, verified and loaded; given back when the block is left."""
    listed = language_model(model, allowed, session.registry)
    with progress(message("models.loading", session.locale)):
        chat = store.load_chat(listed.folder, listed.manifest, allowed)
    try:
        yield listed, chat
    finally:
        chat.close()


def language_model(model: str, allowed: ModelOptions, registry: Registry) -> store.FolderModel:
    """The entry of ``model``; raises BadRequest for one that is no folder with a manifest."""
    listed = find(model, allowed, registry).listed
    if not isinstance(listed, store.FolderModel):
        raise BadRequest("models.nothing-to-check", model=model)
    return listed


def answer(chat: ChatModel, messages: Sequence[Message], sampling: Sampling) -> str:
    """The whole answer; an interrupt stops the model before it goes on."""
    stop = Stop()
    stream = chat.stream(messages, sampling, stop)
    try:
        return "".join(stream)
    finally:
        stop.set()
        stream.close()


def _compared(chat: ChatModel, sample: Sample, session: Session) -> Exit:
    asked = (Message("user", sample.question),)
    text = answer(chat, asked, Sampling(max_tokens=sample.max_tokens))
    if text == sample.answer:
        _say(session, "models.sample-equal", count=len(text))
        return Exit.OK
    pairs = zip(text, sample.answer, strict=False)
    shorter = min(len(text), len(sample.answer))
    at = next((index for index, (ours, theirs) in enumerate(pairs) if ours != theirs), shorter)
    around = slice(max(at - _AROUND, 0), at + _AROUND)
    fields = {"wanted": repr(sample.answer[around]), "found": repr(text[around])}
    _say(session, "models.sample-differs", at=at, **fields)
    return Exit.FOUND


def _say(session: Session, key: str, **fields: object) -> None:
    click.echo(message(key, session.locale, **fields))
