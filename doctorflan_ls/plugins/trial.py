"""A task tried out on the example notes: what is wrong with it is known before a doctor asks.

A selector may name a cue, a group or a kind that is not there, which shows only when it is asked.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.skeleton.case import Case
from doctorflan_ls.models.skeleton.selectors import parse, select
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.loader import BadTaskFile
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span

_EXAMPLES: tuple[tuple[Locale, str], ...] = (("zh", "zh-pneumonia"), ("en", "en-soap-uti"))


def try_out(task: Task, file: str) -> None:
    """Ask every selector of ``task``; raises BadTaskFile that names the element of a wrong one."""
    for language, name in _EXAMPLES:
        note = _example(name)
        case = Case(Prompt(task, note, Span(0, len(note.text)), language))
        for at, element in enumerate(task.elements):
            for source in element.sources:
                where = f"elements[{at}].sources"
                try:
                    parse(source)
                    select(case, source)
                except KeyError as error:
                    why = f"{source}: there is no {error.args[0]}"
                    raise BadTaskFile(file, where, why) from None
                except (ValueError, DoctorFlanError) as error:
                    raise BadTaskFile(file, where, f"{source}: {error}") from None


@cache
def _example(name: str) -> Note:
    path = files("doctorflan_ls").joinpath("examples", f"{name}.txt")
    return parse_note(path.read_text(encoding="utf-8"))
