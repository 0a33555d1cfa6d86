"""Holding an exported graph against its source: logits over notes, and greedy tokens."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.export.blocks import Floats

# The mean Kullback-Leibler divergence from the source, in nats, above which a model is refused.
# Measured on models of 26 and 135 million values: int8 0.001-0.01, int4 0.2-0.6; larger ones lose
# less. Dynamic quantisation, which is refused, has 0.65-3.0.
BOUNDS = {"int8": 0.03, "int4": 0.8, "fp32": 0.0005}
# Made-up notes of the package; the first tokens of each.
_TEXTS = {"en": "en-copd.txt", "zh": "zh-chest-pain.txt"}
_TOKENS = 96
_GREEDY = 32


class Reference(Protocol):
    """What a graph is held against."""

    name: str

    def logits(self, ids: Sequence[int]) -> Floats:
        """``[tokens, vocabulary]``: after each of ``ids``, of the whole of them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How far a graph departs from its reference on one text.

    ``kl_mean`` and ``kl_max`` are in nats for a token; ``same`` is the part of positions at which
    both take the same token. ``greedy`` is how many tokens of ``of`` are equal from the text's end
    on, before the first that is not.
    """

    kl_mean: float
    kl_max: float
    same: float
    greedy: int
    of: int


class GraphRunner:
    """An ONNX decoder run step by step with onnxruntime; reads its inputs from the graph."""

    def __init__(self, path: Path, name: str = "onnx") -> None:
        import onnxruntime  # noqa: PLC0415

        self.name = name
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001  (onnxruntime's errors have no common base)
            kind = type(error).__name__
            raise ModelUnavailable("export.broken-file", at=path, problem=kind) from None
        self._inputs = {each.name: each for each in self._session.get_inputs()}
        self._outputs = [each.name for each in self._session.get_outputs()]
        self._cache: dict[str, Any] = {}
        self._length = 0

    def logits(self, ids: Sequence[int]) -> Floats:
        """The logits after each token, however many positions the graph itself answers."""
        self._reset()
        whole = self._step(ids)
        if len(whole) == len(ids):
            return whole
        self._reset()
        return np.concatenate([self._step([each]) for each in ids])

    def continued(self, ids: Sequence[int], count: int) -> list[int]:
        """The ``count`` likeliest tokens after ``ids``, one after the other."""
        self._reset()
        found = [int(self._step(ids)[-1].argmax())]
        while len(found) < count:
            found.append(int(self._step(found[-1:])[-1].argmax()))
        return found

    def _reset(self) -> None:
        self._length = 0
        self._cache = {
            name: np.zeros((1, each.shape[1], 0, _head_size(each)), np.float32)
            for name, each in self._inputs.items()
            if name.startswith("past")
        }

    def _step(self, ids: Sequence[int]) -> Floats:
        begin, self._length = self._length, self._length + len(ids)
        feeds = {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.ones((1, self._length), np.int64),
            "position_ids": np.arange(begin, self._length, dtype=np.int64)[None],
        }
        feeds = {name: each for name, each in feeds.items() if name in self._inputs} | self._cache
        found = dict(zip(self._outputs, self._session.run(None, feeds), strict=True))
        logits: Floats = found.pop("logits")[0]
        self._cache = dict(zip(self._cache, found.values(), strict=True))
        return logits


def _head_size(cache: Any) -> int:
    if not isinstance(cache.shape[3], int):
        raise ModelUnavailable("export.odd-cache", name=cache.name)
    return cache.shape[3]


class TorchReference:
    """The source through transformers and torch in float32; no code of the folder is run."""

    def __init__(self, folder: Path, gguf_file: str) -> None:
        import torch  # noqa: PLC0415
        from transformers import AutoModelForCausalLM, logging  # noqa: PLC0415

        logging.disable_progress_bar()
        self.name = f"torch {torch.__version__}"
        self._torch = torch
        more = {"gguf_file": gguf_file} if gguf_file else {}
        self._model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=None if gguf_file else True,
            **more,
        ).eval()

    def logits(self, ids: Sequence[int]) -> Floats:
        """The logits after each token."""
        with self._torch.no_grad():
            found: Floats = self._model(self._torch.tensor([list(ids)])).logits[0].float().numpy()
        return found


class LlamaReference:
    """A GGUF file through llama.cpp."""

    def __init__(self, path: Path) -> None:
        import llama_cpp  # noqa: PLC0415

        self.name = f"llama-cpp-python {llama_cpp.__version__}"
        self._model = llama_cpp.Llama(
            str(path), n_ctx=_TOKENS + _GREEDY + 8, logits_all=True, verbose=False
        )

    def logits(self, ids: Sequence[int]) -> Floats:
        """The logits after each token."""
        self._model.reset()
        self._model.eval(list(ids))
        return np.array(self._model.scores[: len(ids)], np.float32)


def installed(*packages: str) -> bool:
    """True where all of ``packages`` can be imported."""
    return all(importlib.util.find_spec(name) is not None for name in packages)


def compared(
    reference: Reference, graph: GraphRunner, tokenizer: Path, languages: Sequence[str]
) -> dict[str, Figures]:
    """The figures of ``graph`` for a note in each language. Raises ModelUnavailable."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    found = Tokenizer.from_file(str(tokenizer))
    return {language: _figures(reference, graph, _ids(found, language)) for language in languages}


def _ids(tokenizer: Any, language: str) -> list[int]:
    path = files("doctorflan_ls").joinpath("examples", _TEXTS[language])
    return list(tokenizer.encode(path.read_text(encoding="utf-8")).ids[:_TOKENS])


def _figures(reference: Reference, graph: GraphRunner, ids: list[int]) -> Figures:
    wanted, found = _log_softmax(reference.logits(ids)), _log_softmax(graph.logits(ids))
    divergence = (np.exp(wanted) * (wanted - found)).sum(axis=-1)
    greedy = graph.continued(ids, _GREEDY)
    # One pass of the reference over the graph's own answer shows where it would part from it.
    followed = reference.logits(ids + greedy)[len(ids) - 1 : -1].argmax(axis=-1)
    differ = np.flatnonzero(followed != np.array(greedy))
    return Figures(
        kl_mean=float(divergence.mean()),
        kl_max=float(divergence.max()),
        same=float((wanted.argmax(axis=-1) == found.argmax(axis=-1)).mean()),
        greedy=int(differ[0]) if differ.size else _GREEDY,
        of=_GREEDY,
    )


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def check(figures: dict[str, Figures], quantisation: str) -> None:
    """Raise ModelUnavailable where a model departs further than its quantisation excuses."""
    bound = BOUNDS[quantisation]
    for language, each in figures.items():
        if not each.kl_mean <= bound:
            raise ModelUnavailable(
                "export.differs", language=language, kl=f"{each.kl_mean:.4f}", bound=bound
            )
