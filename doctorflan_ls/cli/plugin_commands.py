"""Commands of plugins: asked for where no built-in command has the name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import NamedTuple

import click

from doctorflan_ls.cli.exits import say
from doctorflan_ls.cli.session import Session
from doctorflan_ls.errors import PluginFailed
from doctorflan_ls.plugins import Plugins
from doctorflan_ls.plugins.calls import Refused
from doctorflan_ls.plugins.loading import Plugin


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
        try:
            commands = plugin.caller.call("register_commands", partial(_commands, plugin))
        except PluginFailed as error:
            problems.append(error)
            continue
        for name, command in commands.items():
            if name in names:
                fields = {"plugin": plugin.name, "name": name}
                problems.append(PluginFailed("plugins.command-taken", **fields))
                continue
            names.add(name)
            yield Brought(plugin.name, name, command)


def _commands(plugin: Plugin) -> dict[str, click.Command]:
    """What the plugin adds to a group of its own, looked at within the fence."""
    group = click.Group(plugin.name)
    plugin.hooks["register_commands"](cli=group)
    commands = dict(group.commands)
    if not all(
        type(name) is str and isinstance(each, click.Command) for name, each in commands.items()
    ):
        fields = {"hook": "register_commands", "wanted": "click.Command", "why": "another type"}
        raise Refused("plugins.not-a", plugin=plugin.name, **fields)
    return commands
