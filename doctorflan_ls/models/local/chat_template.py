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
from typing import Any, TypeVar

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

_T = TypeVar("_T")

# One rendering; a step is a call, a turn of a loop, or so many characters or entries gone through.
MAX_STEPS = 200_000
_PER_STEP = 64
# Characters or entries of one value, and the largest number a call may be given.
MAX_SIZE = 4_000_000
_MAX_NUMBER = 10_000


class Refused(TemplateError):
    """The template itself refuses the conversation."""


class _Generation(Extension):
    """``{% generation %}`` marks the model's words for training; it changes no text."""

    tags = {"generation"}  # noqa: RUF012 - as the base class has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Environment(ImmutableSandboxedEnvironment):
    """Counts the steps of one rendering and bounds each value; for one thread at a time."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
        )
        self.left = MAX_STEPS
        # It writes as much as a number inside a text says.
        del self.filters["format"]
        del self.globals["lipsum"]
        self.filters["tojson"] = _tojson
        calls: dict[str, Any] = dict(self.filters)
        self.filters = {name: self._bounded(call) for name, call in calls.items()}
        calls = dict(self.tests)
        self.tests = {name: self._bounded(call) for name, call in calls.items()}
        self.filters["_counted"] = self._counted
        self.filters["_weighed"] = self.weighed
        self.filters["_joined"] = self._joined
        self.globals["range"] = self._range
        self.globals["raise_exception"] = _raise_exception
        self.globals["strftime_now"] = _strftime_now

    def spend(self, steps: int) -> None:
        """Count ``steps``. Raises SecurityError where the rendering has no more."""
        self.left -= steps
        if self.left < 0:
            raise SecurityError("too many steps")

    def weighed(self, value: _T) -> _T:
        """``value``, its size with all it holds counted and bounded."""
        # What is held twice counts twice: shown, twenty lists of two can be a million.
        waiting: list[object] = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, int) and part.bit_length() > 64:
                raise SecurityError("too large")
            if isinstance(part, (str, bytes, list, tuple, dict)):
                if len(part) > MAX_SIZE:
                    raise SecurityError("too large")
                self.spend(len(part) // _PER_STEP)
            if isinstance(part, (list, tuple, dict)):
                self.spend(1)
                waiting += part.values() if isinstance(part, dict) else part
        return value

    def call(self, context: Context, made: object, /, *args: object, **kwargs: object) -> object:
        owner = getattr(made, "__self__", None)
        if isinstance(owner, (str, bytes)):
            self._check(owner, *args, *kwargs.values())
        self.spend(1)
        return self.weighed(super().call(context, made, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        if operator == "**" or (operator == "%" and isinstance(left, (str, bytes))):
            raise SecurityError("unbounded")
        if operator == "*" and not isinstance(left, (int, float)):
            self._check(left, right)
        if operator == "*" and not isinstance(right, (int, float)):
            self._check(right, left)
        self.spend(1)
        return self.weighed(super().call_binop(context, operator, left, right))

    def wrap_str_format(self, value: object) -> Callable[..., str] | None:
        """Refuse ``str.format``: it writes as much as a number inside a text says."""
        if super().wrap_str_format(value) is not None:
            raise SecurityError("unbounded")
        return None

    def _bounded(self, call: Callable[..., object]) -> Callable[..., object]:
        # ``wraps`` keeps the marks of ``pass_environment`` and its like.
        @wraps(call)
        def bounded(*args: object, **kwargs: object) -> object:
            self.spend(1)
            self._check(*args, *kwargs.values())
            return self.weighed(call(*args, **kwargs))

        return bounded

    def _check(self, *values: object) -> None:
        """Refuse what could make far more than it is given: padding, replacing, joining."""
        product, number, text = 1, 0, False
        for value in values:
            self.weighed(value)
            if isinstance(value, int):
                number = max(number, abs(value))
            elif isinstance(value, (str, bytes, list, tuple)):
                text = True
                product *= max(len(value), 1)
        if product * max(number, 1) > 16 * MAX_SIZE or (text and number > _MAX_NUMBER):
            raise SecurityError("too large")

    def _counted(self, values: Iterable[object]) -> Iterator[object]:
        for value in values:
            self.spend(1)
            yield value

    def _joined(self, values: Sequence[object]) -> str:
        return self.weighed("".join([str(self.weighed(value)) for value in values]))

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
            size += len(part)
            if size > MAX_SIZE:
                raise SecurityError("too long")
            parts.append(part)
        return "".join(parts)


def _bound(tree: nodes.Template) -> None:
    """Count whatever of the language goes through values, joins or shows them without a call."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _filtered(loop.iter, "_counted")
    for output in list(tree.find_all(nodes.Output)):
        output.nodes = [
            node if isinstance(node, nodes.TemplateData) else _filtered(node, "_weighed")
            for node in output.nodes
        ]
    for compare in list(tree.find_all(nodes.Compare)):
        compare.expr = _filtered(compare.expr, "_weighed")
        for operand in compare.ops:
            operand.expr = _filtered(operand.expr, "_weighed")
    for item in list(tree.find_all(nodes.Getitem)):
        if isinstance(item.arg, nodes.Slice):
            item.node = _filtered(item.node, "_weighed")
    for concat in list(tree.find_all(nodes.Concat)):
        concat.nodes = [_filtered(nodes.List(concat.nodes), "_joined")]


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    made = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
    made.environment = node.environment
    return made


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
