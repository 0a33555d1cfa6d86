"""doctorflan/outgoing: what would leave this machine (schemas/protocol/outgoing.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server.requests.draft import read_prompt

if TYPE_CHECKING:
    from doctorflan_ls.models.base import ModelOptions, Sampling
    from doctorflan_ls.plugins import Registry
    from doctorflan_ls.prompts import Prompt
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


async def outgoing(ls: Connection, params: Params) -> Json:
    """The conversation that the task's model would be sent, masked; nothing is sent.

    It is made by what makes it for a draft, with what plugins add to it.
    """
    from doctorflan_ls.models import choice  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415
    from doctorflan_ls.server.background import in_thread  # noqa: PLC0415

    prompt = await read_prompt(ls, params)
    registry = await plugged.loaded(ls)
    prompt = await plugged.prepared(ls, prompt)
    settings = ls.configuration.settings
    model = params.string_or("model") or choice.choose(prompt.task, prompt.language, settings)
    chosen = choice.options(settings), choice.sampling(settings)
    return await in_thread(lambda: _outgoing(model, prompt, *chosen, registry))


def _outgoing(
    model: str, prompt: Prompt, options: ModelOptions, sampling: Sampling, registry: Registry
) -> Json:
    from contextlib import closing  # noqa: PLC0415

    from doctorflan_ls.errors import ModelUnavailable  # noqa: PLC0415
    from doctorflan_ls.models.catalogue import find  # noqa: PLC0415
    from doctorflan_ls.models.language import LanguageModel  # noqa: PLC0415

    listed = find(model, options, registry).listed
    result: Json = {"model": listed.spec.id, "host": listed.spec.host, "masked": 0, "messages": []}
    if not listed.spec.host:
        return result
    with closing(listed.load(options)) as loaded:
        made = loaded.outgoing(prompt, sampling) if isinstance(loaded, LanguageModel) else None
    if made is None:
        raise ModelUnavailable("engine.unknown-outgoing", model=model, host=listed.spec.host)
    messages = [{"role": each.role, "text": each.text} for each in made.messages]
    return {**result, "masked": made.masked, "messages": messages}
