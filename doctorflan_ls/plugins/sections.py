"""The section ids that a plugin means: the server's, or its own with the package's name before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from doctorflan_ls.notes.headings import SectionKind, builtin_kinds, normal
from doctorflan_ls.plugins.calls import Refused
from doctorflan_ls.tasks.loader import BadTaskFile
from doctorflan_ls.tasks.model import Element, Task

# Where a selector names sections: its own argument, or in an option (docs/tasks.md).
_NAMED = re.compile(r"(?P<before>\bsection:|[?&](?:in|out)=)(?P<ids>[a-z@][\w@,]*)")


class Sections:
    """The sections of one package. Raises PluginFailed where one cannot stand."""

    def __init__(self, package: str, own: Mapping[str, SectionKind]) -> None:
        self._package = package
        self._own = own
        self._known = {kind.id: kind for kind in builtin_kinds()}
        self._headings = {
            normal(heading): kind.id
            for kind in self._known.values()
            for heading in (*kind.zh, *kind.en)
        }
        self._endings = {
            normal(ending): kind.id for kind in self._known.values() for ending in kind.endings
        }

    def kinds(self) -> tuple[SectionKind, ...]:
        """What is added to the section table."""
        return tuple(self._kind(kind) for kind in self._own.values())

    def in_task(self, task: Task, file: str) -> Task:
        """``task`` with complete ids; raises BadTaskFile for a name that is no section."""
        at = "sections"
        try:
            names = tuple(self._full(each) for each in task.sections)
            elements = []
            for number, element in enumerate(task.elements):
                at = f"elements[{number}].sources"
                elements.append(self._in_element(element))
        except Refused as error:
            why = f"{error.fields['name']} is no section{self._nearest(str(error.fields['name']))}"
            raise BadTaskFile(file, at, why) from None
        return replace(task, sections=names, elements=tuple(elements))

    def _nearest(self, name: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415  (only a mistake needs it)

        near = get_close_matches(name, [*self._known, *self._own], n=2, cutoff=0.6)
        return f"; did you mean {' or '.join(near)}?" if near else ""

    def _kind(self, kind: SectionKind) -> SectionKind:
        self._refuse_known((*kind.zh, *kind.en), self._headings)
        self._refuse_known(kind.endings, self._endings)
        within = tuple(self._full(each) for each in kind.within)
        return replace(kind, id=self._full(kind.id), within=within)

    def _refuse_known(self, names: tuple[str, ...], known: Mapping[str, str]) -> None:
        for name in names:
            owner = known.get(normal(name))
            if owner is not None:
                fields = {"name": name, "section": owner}
                raise Refused("plugins.known-heading", plugin=self._package, **fields)

    def _in_element(self, element: Element) -> Element:
        sources = (
            _NAMED.sub(lambda found: found["before"] + self._all(found["ids"]), source)
            for source in element.sources
        )
        return replace(element, sources=tuple(sources))

    def _all(self, ids: str) -> str:
        return ",".join(
            each if each.startswith("@") else self._full(each) for each in ids.split(",")
        )

    def _full(self, name: str) -> str:
        if name in self._known:
            return name
        if name in self._own:
            return f"{self._package}/{name}"
        raise Refused("plugins.unknown-section", plugin=self._package, name=name)
