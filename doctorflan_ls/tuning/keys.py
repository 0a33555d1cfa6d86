"""The keys of the file that describes a run: kinds, defaults, what they mean, and their schema.

``schemas/tune.schema.json`` is made from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast

from doctorflan_ls.settings.kinds import (
    Choice,
    Kind,
    Line,
    Names,
    Number,
    Switch,
    Unfit,
    WholeNumber,
)


@dataclass(frozen=True, slots=True)
class Some:
    """A list of some of a few words, at least one."""

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        """The words, in a list."""
        return f"[{', '.join(map(repr, self.words))}]".replace("'", '"')

    def accept(self, value: object) -> object:
        """A list without other words."""
        if (
            not isinstance(value, list)
            or not value
            or not all(each in self.words for each in value)
        ):
            raise Unfit
        return tuple(dict.fromkeys(value))

    def from_text(self, text: str) -> object:
        """Words between commas."""
        return [each.strip() for each in text.split(",")]

    def schema(self) -> dict[str, object]:
        """An array of an enumeration."""
        return {"type": "array", "minItems": 1, "items": {"enum": list(self.words)}}


# Any, because a field's default stands where the class body wants the field's own type.
def _key(default: object, kind: Kind, doc: str) -> Any:
    metadata = {"kind": kind, "doc": doc, "default": default}
    return field(default_factory=lambda: default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Base:
    """The model that is tuned."""

    model: str = _key(
        None,
        Line(),
        "Folder with config.json, tokenizer.json and safetensors, a .gguf file, or a folder with a"
        " dynamically quantised ONNX graph; of the llama, mistral, qwen2 or qwen3 family.",
    )
    licence: str = _key(
        "", Line(), "SPDX identifier of the licence of its weights; it stands in the result."
    )
    languages: tuple[str, ...] = _key(
        ("zh",), Some(("zh", "en")), "What the result writes: zh, en or both."
    )


@dataclass(frozen=True, slots=True)
class Data:
    """The rows."""

    files: tuple[str, ...] = _key(
        None, Names(), "JSON Lines, JSON or parquet with the columns category, input, output, id."
    )
    categories: tuple[str, ...] = _key(
        (), Names(), "Only rows of these categories; an empty list is all."
    )
    validation: float = _key(
        0.02, Number(0.0, 0.5), "Share of the rows that is kept apart, chosen by a hash of the id."
    )
    group: str = _key(
        "id",
        Line(),
        "Column whose equal values stay on one side of the split, for example a case's number.",
    )
    bad_rows: Literal["refuse", "skip"] = _key(
        "refuse", Choice("refuse", "skip"), "What happens where rows are faulty."
    )
    drop_leaked: bool = _key(
        True,
        Switch(),
        "Whether rows are left out whose answer holds a tag of the dataset's making.",
    )
    limit: int = _key(0, WholeNumber(0, 2**31 - 1), "Most rows that are read; 0 is all.")


@dataclass(frozen=True, slots=True)
class Method:
    """What of the model is changed."""

    kind: Literal["lora", "full"] = _key(
        "lora", Choice("lora", "full"), "lora trains small matrices beside the weights, full all."
    )
    rank: int = _key(16, WholeNumber(1, 1024), "Rank of these matrices.")
    alpha: int = _key(32, WholeNumber(1, 4096), "Their scale, as alpha / rank.")
    dropout: float = _key(0.05, Number(0.0, 0.9), "Share of their inputs dropped in a step.")
    targets: tuple[str, ...] = _key(
        (), Names(), "Modules that get them, by name; an empty list is every linear one."
    )


@dataclass(frozen=True, slots=True)
class Training:
    """The steps."""

    epochs: float = _key(3.0, Number(0.0, 1000.0), "How often each row is seen.")
    steps: int = _key(0, WholeNumber(0, 2**31 - 1), "Steps in place of epochs; 0 is by epochs.")
    learning_rate: float = _key(
        0.0, Number(0.0, 1.0), "Highest learning rate; 0 is 0.0002 for lora and 0.00002 for full."
    )
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = _key(
        "cosine", Choice("cosine", "linear", "constant_with_warmup"), "How it falls."
    )
    warmup: float = _key(0.03, Number(0.0, 0.9), "Share of the steps in which it rises.")
    weight_decay: float = _key(0.0, Number(0.0, 1.0), "Of AdamW.")
    max_grad_norm: float = _key(1.0, Number(0.0, 1000.0), "Gradients are scaled down to it.")
    length: int = _key(
        2048,
        WholeNumber(16, 131_072),
        "Most tokens of a row; longer ones are left out and counted.",
    )
    packing: bool = _key(
        True, Switch(), "Whether short rows share one sequence; none sees another's tokens."
    )
    batch: int = _key(1, WholeNumber(1, 4096), "Sequences that one device reads at once.")
    accumulate: int = _key(16, WholeNumber(1, 4096), "Batches to one step.")
    precision: Literal["auto", "bf16", "fp32"] = _key(
        "auto", Choice("auto", "bf16", "fp32"), "auto is bf16 on a GPU that computes in it."
    )
    device: Literal["auto", "cpu"] = _key("auto", Choice("auto", "cpu"), "auto takes a GPU if any.")
    gradient_checkpointing: bool = _key(
        False, Switch(), "Whether activations are computed twice: slower, with less memory."
    )
    seed: int = _key(0, WholeNumber(0, 2**31 - 1), "Of the order, of dropout and of new matrices.")
    checkpoint_every: int = _key(
        100, WholeNumber(1, 2**31 - 1), "Steps between two checkpoints, and two validations."
    )
    keep: int = _key(2, WholeNumber(1, 1000), "Checkpoints that are kept.")
    log_every: int = _key(10, WholeNumber(1, 2**31 - 1), "Steps between two points of the curve.")
    threads: int = _key(0, WholeNumber(0, 1024), "Threads on a CPU; 0 is torch's own choice.")


@dataclass(frozen=True, slots=True)
class Run:
    """Where it is kept."""

    folder: str = _key(None, Line(), "New folder of the run: record, curve, checkpoints, result.")


SECTIONS: Mapping[str, type] = {
    "base": Base,
    "data": Data,
    "method": Method,
    "training": Training,
    "run": Run,
}


def json_schema() -> dict[str, object]:
    """The schema that ``schemas/tune.schema.json`` holds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A run of doctorflan-ls tune",
        "type": "object",
        "required": ["base", "data", "run"],
        "properties": {name: _section_schema(kind) for name, kind in SECTIONS.items()},
        "additionalProperties": False,
    }


def _section_schema(kind: type) -> dict[str, object]:
    found = fields(cast("Any", kind))
    required = [each.name for each in found if each.metadata["default"] is None]
    schema: dict[str, object] = {"type": "object", "description": kind.__doc__}
    if required:
        schema["required"] = required
    schema["properties"] = {each.name: _one_schema(each.metadata) for each in found}
    schema["additionalProperties"] = False
    return schema


def _one_schema(metadata: Mapping[str, Any]) -> dict[str, object]:
    default = metadata["default"]
    schema = {"description": metadata["doc"], **metadata["kind"].schema()}
    if default is None:
        # A required name or list is not empty either.
        schema |= {"minLength": 1} if schema["type"] == "string" else {"minItems": 1}
        return schema
    return {**schema, "default": list(default) if isinstance(default, tuple) else default}
