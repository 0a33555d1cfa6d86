"""A model's chat template, a Jinja program of unknown origin: rendered in a sandbox, within bounds.

The environment is the one that templates are written for (that of the ``transformers`` library):
trimmed blocks, loop controls, ``tojson`` without escaping, ``raise_exception``, ``strftime_now``
and the ``generation`` tag. The sandbox refuses attributes that lead out of the template's own data.
It bounds neither time nor memory; here every loop, call and value of one rendering is counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import TypeVar

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

_T = TypeVar("_T")

MAX_STEPS = 200_000
MAX_SIZE = 4_000_000

# They write as much as a number in the template says, which is checked only after it was written.
_UNBOUNDED_FILTERS = ("center", "format", "indent", "wordwrap", "batch", "slice")
_UNBOUNDED_METHODS = frozenset(
    {"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map"}
)


class Refused(TemplateError):
    """The template itself refuses the conversation."""


class _Generation(Extension):
    """``{% generation %}`` marks the model's words for training; it changes no text."""

    tags = {"generation"}  # noqa: RUF012 - as the base class has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Environment(ImmutableSandboxedEnvironment):
    """Counts the steps of one rendering and bounds each value; one thread at a time."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
        )
        for name in _UNBOUNDED_FILTERS:
            del self.filters[name]
        self.filters["tojson"] = _tojson
        self.filters = {name: self._sized(call) for name, call in self.filters.items()}
        self.filters["_steps"] = self._counted
        self.filters["_concat"] = self._concat
        self.globals["range"] = self._range
        self.globals["raise_exception"] = _raise_exception
        self.globals["strftime_now"] = _strftime_now
        del self.globals["lipsum"]
        self.left = MAX_STEPS

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise SecurityError("too many steps")

    def call(self, context: Context, made: object, /, *args: object, **kwargs: object) -> object:
        self.spend(1)
        owner = getattr(made, "__self__", None)
        if isinstance(owner, str):
            name = getattr(made, "__name__", "")
            if name in _UNBOUNDED_METHODS:
                raise SecurityError("unbounded method")
            if name in {"replace", "join", "translate"}:
                _bounded_product(owner, args)
        return _sized(super().call(context, made, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError("unbounded operator")
        if operator == "*":
            _bounded_product(left, (right,))
        return _sized(super().call_binop(context, operator, left, right))

    def _sized(self, call: Callable[..., _T]) -> Callable[..., _T]:
        # ``wraps`` keeps the marks of ``pass_environment`` and its like.
        @wraps(call)
        def sized(*args: object, **kwargs: object) -> _T:
            self.spend(1)
            if call.__name__ in {"do_replace", "sync_do_join", "do_join"}:
                _bounded_product("", args)
            return _sized(call(*args, **kwargs))

        return sized

    def _counted(self, values: Iterable[object]) -> Iterator[object]:
        for value in values:
            self.spend(1)
            yield value

    def _concat(self, values: Sequence[object]) -> str:
        return str(_sized("".join(map(str, values))))

    def _range(self, *args: int) -> range:
        made = range(*args)
        self.spend(len(made))
        return made


class ChatTemplate:
    """A compiled template. Raises `jinja2.TemplateError` where it is none."""

    def __init__(self, source: str, variables: Mapping[str, object]) -> None:
        self._environment = _Environment()
        self._variables = dict(variables)
        tree = self._environment.parse(source)
        _bound(tree)
        self._template = self._environment.from_string(tree)

    def render(self, messages: Sequence[tuple[str, str]], *, prompt: bool = True) -> str:
        """The conversation of (role, text), ready for the model's answer where ``prompt`` is true.

        Raises Refused where the template refuses it, and whatever a faulty program raises, with
        any text in it: the caller must not show it.
        """
        self._environment.left = MAX_STEPS
        size = 0
        parts: list[str] = []
        for part in self._template.generate(
            messages=[{"role": role, "content": text} for role, text in messages],
            tools=None,
            documents=None,
            add_generation_prompt=prompt,
            **self._variables,
        ):
            self._environment.spend(1)
            size += len(part)
            if size > MAX_SIZE:
                raise SecurityError("too long")
            parts.append(part)
        return "".join(parts)


def _bound(tree: nodes.Template) -> None:
    """Put a count on whatever of the language repeats or joins without a call."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "_steps", [], [], None, None)
    for block in list(tree.find_all(nodes.AssignBlock)):
        block.filter = nodes.Filter(block.filter, "string", [], [], None, None)
    for concat in list(tree.find_all(nodes.Concat)):
        concat.nodes = [
            nodes.Filter(nodes.List(concat.nodes), "_concat", [], [], None, None),
        ]
    tree.set_environment(tree.environment)  # type: ignore[arg-type]


def _sized(value: _T) -> _T:
    size = len(value) if isinstance(value, (str, bytes, list, tuple, dict)) else 0
    if size > MAX_SIZE or (isinstance(value, int) and value.bit_length() > 256):
        raise SecurityError("too large")
    return value


def _bounded_product(left: object, others: Sequence[object]) -> None:
    size = 1
    for value in (left, *others):
        if isinstance(value, (str, bytes, list, tuple)):
            size *= max(len(value), 1)
        elif isinstance(value, int):
            size *= max(abs(value), 1)
    if size > 64 * MAX_SIZE:
        raise SecurityError("too large")


def _raise_exception(_text: str) -> None:
    raise Refused("refused")


def _strftime_now(form: str) -> str:
    if len(form) > 100:
        raise SecurityError("too long")
    return datetime.now().strftime(form)  # noqa: DTZ005 - templates write the local date


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if indent is not None and not 0 <= indent <= 16:
        raise SecurityError("too large")
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
