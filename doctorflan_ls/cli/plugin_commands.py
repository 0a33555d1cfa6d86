"""Commands of plugins: asked for where no built-in command has the name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import click

from doctorflan_ls.cli.exits import say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import PluginFailed
from doctorflan_ls.plugins import Plugins


class Brought(NamedTuple):
    """A command and the plugin that brings it."""

    plugin: str
    name: str
    command: click.Command


def find_command(session: Session, name: str, taken: Collection[str]) -> click.Command | None:
    """The first plugin's command ``name``; what goes wrong is one line."""
    problems: list[PluginFailed] = []
    found = [each for each in all_commands(session.plugins, taken, problems) if each.name == name]
    if not found:
        for problem in problems:
            say(problem.user_message(session.locale))
        return None
    return found[0].command


def all_commands(
    plugins: Plugins, taken: Collection[str], problems: list[PluginFailed]
) -> Iterator[Brought]:
    """Every plugin's commands, in the order of the plugins; the first of a name counts.

    What is wrong is put in ``problems``.
    """
    names = set(taken)
    for plugin in plugins.implementing("register_commands"):
        group = click.Group(plugin.name)
        hook = plugin.hooks["register_commands"]
        try:
            plugin.caller.call("register_commands", lambda hook=hook, group=group: hook(cli=group))  # type: ignore[misc]
        except PluginFailed as error:
            problems.append(error)
            continue
        for name, command in group.commands.items():
            if name in names:
                fields = {"plugin": plugin.name, "name": name}
                problems.append(PluginFailed("plugins.command-taken", **fields))
                continue
            names.add(name)
            yield Brought(plugin.name, name, command)
