"""A folder's model, loaded: conversation in, text out."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from onnxruntime import RunOptions

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import (
    Finish,
    Message,
    ModelOptions,
    ModelSpec,
    Sampling,
    Stop,
)
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.models.local.sampling import Sampler
from doctorflan_ls.models.local.stopping import until
from doctorflan_ls.models.local.tokenizer import Tokenizer
from doctorflan_ls.models.onnx.cache import Cache, GrowingCache, SharedCache
from doctorflan_ls.models.onnx.checks import check_structure
from doctorflan_ls.models.onnx.decoder import Decoder, piece_length
from doctorflan_ls.models.onnx.files import check_listed, find_graph, read_config
from doctorflan_ls.models.onnx.layout import Layout, read_layout
from doctorflan_ls.models.onnx.memory import Needs, fitting_context
from doctorflan_ls.models.onnx.session import open_session, run_error
from doctorflan_ls.models.onnx.wire import read_structure

# Where neither the manifest nor a configuration says how long a context the model was made for.
_USUAL_CONTEXT = 2048
_ITEM_BYTES = {"float32": 4, "float16": 2}


class OnnxModel:
    """A `ChatModel` on onnxruntime.

    What it has run stays in the cache: a conversation that begins like the one before only pays
    for what is new.
    """

    def __init__(
        self, spec: ModelSpec, file: str, tokenizer: Tokenizer, decoder: Decoder, vocabulary: int
    ) -> None:
        self._spec = spec
        self._file = file
        self._tokenizer = tokenizer
        self._decoder: Decoder | None = decoder
        self._vocabulary = vocabulary
        self._asked: tuple[Sequence[Message], str] = ((), "")

    @property
    def spec(self) -> ModelSpec:
        """What it is; ``context_length`` is what fits into the memory it may take."""
        return self._spec

    @property
    def takes_lead(self) -> bool:
        """It can be given the beginning of the answer."""
        return True

    def count(self, messages: Sequence[Message]) -> int:
        """How many tokens ``messages`` take, with the chat template's own."""
        return len(self._tokenizer.prompt_ids(messages))

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        """Yield the answer's text. Raises ModelUnavailable where it cannot answer."""
        pieces = self._answer(messages, sampling, stop, lead)
        return until(pieces, sampling.stop) if any(sampling.stop) else pieces

    def close(self) -> None:
        """Let the runtime free the weights and the cache."""
        self._decoder = None

    def _answer(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str
    ) -> Generator[str, None, Finish]:
        if self._decoder is None:
            raise ModelUnavailable("onnx.closed", model=self._spec.id)
        prompt = self._prompt(messages, lead)
        most = min(sampling.max_tokens, self._spec.context_length - len(prompt))
        if most <= 0:
            return "length"
        text = self._tokenizer.decoder(lead)
        before, led = self._asked
        continued = tuple(messages) == before and len(lead) > len(led) and lead.startswith(led)
        self._asked = (tuple(messages), lead)
        todo = prompt[self._decoder.reuse(prompt, continued=continued) :]
        finish: Finish = "stop"
        with closing(_tokens(self._decoder, todo, Sampler(sampling), stop, self._file)) as tokens:
            for made, token in enumerate(tokens, start=1):
                if token in self._tokenizer.end_ids:
                    break
                piece = text.push(token)
                if piece:
                    yield piece
                if made == most:
                    finish = "length"
                    break
        rest = text.finish()
        if rest:
            yield rest
        return finish

    def _prompt(self, messages: Sequence[Message], lead: str) -> list[int]:
        prompt = self._tokenizer.prompt_ids(messages, lead)
        context = self._spec.context_length
        if len(prompt) >= context:
            raise ModelUnavailable("onnx.context", tokens=len(prompt), context=context)
        if not prompt or max(prompt) >= self._vocabulary:
            raise ModelUnavailable("onnx.vocabulary", model=self._spec.id)
        return prompt


def _tokens(
    decoder: Decoder, todo: Sequence[int], sampler: Sampler, stop: Stop, file: str
) -> Generator[int, None, None]:
    """The tokens that follow ``todo``, without end; ends early where ``stop`` is set."""
    # Of this answer alone: a stop that comes late cannot reach the next one's steps.
    options = RunOptions()
    # No graph capture, which is for graphics cards: onnxruntime asks for this entry in each step,
    # and where it is absent the asking costs up to 0.3 ms.
    options.add_run_config_entry("gpu_graph_id", "-1")

    def terminate() -> None:
        options.terminate = True

    try:
        with stop.calling(terminate):
            logits = decoder.prefill(todo, options)
            while not stop.is_set():
                token = sampler.choose(logits)
                yield token
                logits = decoder.step(token, options)
    except Exception as error:  # noqa: BLE001 - the runtime's errors have no common class
        if not stop.is_set():
            raise run_error(error, file) from None


def load_model(folder: Path, manifest: Manifest, options: ModelOptions) -> OnnxModel:
    """The model of ``folder``: checked, measured against the memory it may take, loaded.

    Raises ModelUnavailable.
    """
    graph = find_graph(folder, manifest)
    structure = read_structure(graph)
    files = {graph, *check_structure(structure, graph)}
    check_listed(files, folder, manifest)
    config = read_config(folder)
    layout = read_layout(structure, config, graph.name)
    del structure
    known = [length for length in (manifest.context_length, config.context_length) if length]
    logits_rows = 1 if layout.last_only else piece_length(layout)
    needs = Needs(
        weights=sum(file.stat().st_size for file in files),
        logits=logits_rows * layout.vocabulary * _ITEM_BYTES[layout.logits_dtype],
        token=_token_bytes(layout),
    )
    longest = min(known, default=_USUAL_CONTEXT)
    context = fitting_context(needs, longest, options.memory_mib, graph.name)
    tokenizer = Tokenizer.load(folder, manifest.template)
    session = open_session(graph, options.threads)
    cache: Cache = (
        SharedCache(layout.slots, context) if layout.shared else GrowingCache(layout.slots)
    )
    decoder = Decoder(session, layout, cache, context)
    spec = manifest.spec(context_length=context)
    return OnnxModel(spec, str(graph), tokenizer, decoder, layout.vocabulary)


def _token_bytes(layout: Layout) -> int:
    """Bytes of the cache for one token."""
    return sum(
        math.prod(length for axis, length in enumerate(slot.shape) if axis != slot.axis)
        * _ITEM_BYTES[slot.dtype]
        for slot in layout.slots
    )


__all__ = ["OnnxModel", "load_model"]
