"""One engine in a process of its own: reads jobs from standard input, a line of JSON each.

Run by ``tests/benchmarks/models.py`` with whichever interpreter has the engine, so it imports
nothing of the project but for our own engine. The engines' jobs are ``decode`` (how fast) and
``logits`` (what it would say).
"""

# ruff: noqa: PLC0415  (each engine has its own interpreter)
from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Job = dict[str, Any]


def timed(pieces: Iterator[Any], began: float) -> Job:
    """Milliseconds to the first piece, and the pieces a second after it."""
    first = last = 0.0
    count = 0
    for _ in pieces:
        last = time.perf_counter()
        first = first or last
        count += 1
    rate = (count - 1) / (last - first) if count > 1 else 0.0
    return {"ttft_ms": (first - began) * 1000, "tokens_s": rate, "tokens": count}


class Ours:
    """``models/onnx``; its times hold the chat template, the tokenizer and the streaming too."""

    def __init__(self, start: Job) -> None:
        from doctorflan_ls.models import onnx
        from doctorflan_ls.models.base import Message, ModelOptions, Sampling, Stop
        from doctorflan_ls.models.folders import manifest
        from doctorflan_ls.tasks.model import Bilingual

        self.Message, self.Sampling, self.Stop = Message, Sampling, Stop
        folder = Path(start["model"])
        if (folder / manifest.MANIFEST_FILE).exists():
            described = manifest.read(folder)
        else:
            nothing = Bilingual("-", "-")
            known = ("bench", "1", "onnx", "-", "-", ("zh", "en"), nothing, nothing, "")
            described = manifest.Manifest(*known)
        options = ModelOptions(threads=start["threads"])
        self.model = onnx.load(folder, described, options)

    def _stream(self, messages: Sequence[Sequence[str]], new: int) -> Iterator[str]:
        asked = [self.Message(*each) for each in messages]
        return self.model.stream(asked, self.Sampling(max_tokens=new), self.Stop())

    def decode(self, job: Job) -> Job:
        # Another conversation first: its tokens take the place of the cached prompt.
        for _ in self._stream(job["other"], 1):
            pass
        ended: list[str] = []

        def pieces() -> Iterator[str]:
            ended.append((yield from self._stream(job["messages"], job["new"])))

        result = timed(pieces(), time.perf_counter())
        if ended != ["length"]:
            raise RuntimeError("the model ended its answer early: take another prompt")
        # A piece of text is not a token: a Chinese character may take three.
        result["tokens_s"] *= (job["new"] - 1) / max(result["tokens"] - 1, 1)
        return {**result, "tokens": job["new"]}


class Graph:
    """An ONNX decoder through plain onnxruntime, for what it says."""

    def __init__(self, start: Job) -> None:
        from doctorflan_ls.export.verify import GraphRunner

        self.runner = GraphRunner(next(Path(start["model"]).rglob("*.onnx")))

    def logits(self, ids: list[int]) -> Any:
        return self.runner.logits(ids)

    def greedy(self, ids: list[int], new: int) -> list[int]:
        return self.runner.continued(ids, new)


class GenAI:
    """onnxruntime-genai on a folder of its builder, or on ours with a configuration for it."""

    def __init__(self, start: Job) -> None:
        import onnxruntime_genai as og

        self.og = og
        config = og.Config(start["model"])
        session = {"session_options": {"intra_op_num_threads": start["threads"]}}
        config.overlay(json.dumps({"model": {"decoder": session}}))
        self.model = og.Model(config)

    def decode(self, job: Job) -> Job:
        return timed(self._pieces(job["ids"], job["new"]), time.perf_counter())

    def _pieces(self, ids: list[int], new: int) -> Iterator[int]:
        generator = self._generator(len(ids) + new)
        generator.append_tokens(ids)
        for _ in range(new):
            generator.generate_next_token()
            yield generator.get_next_tokens()[0]
            if generator.is_done():
                return

    def _generator(self, length: int) -> Any:
        parameters = self.og.GeneratorParams(self.model)
        parameters.set_search_options(max_length=length, do_sample=False)
        return self.og.Generator(self.model, parameters)

    def logits(self, ids: list[int]) -> Any:
        generator = self._generator(len(ids) + 1)
        generator.append_tokens(ids)
        return generator.get_output("logits")[0]

    def greedy(self, ids: list[int], new: int) -> list[int]:
        return list(self._pieces(ids, new))


class LlamaCpp:
    """llama.cpp through llama-cpp-python."""

    def __init__(self, start: Job) -> None:
        from llama_cpp import Llama

        threads = start["threads"]
        self.model = Llama(
            start["model"],
            n_ctx=1024,
            n_threads=threads,
            n_threads_batch=threads,
            logits_all=start.get("all", False),
            verbose=False,
        )

    def decode(self, job: Job) -> Job:
        # Else it keeps what the last prompt has in common with this one.
        self.model.reset()
        return timed(self._pieces(job["ids"], job["new"]), time.perf_counter())

    def _pieces(self, ids: list[int], new: int) -> Iterator[int]:
        generator = self.model.generate(ids, temp=0.0, top_k=1)
        for _, token in zip(range(new), generator, strict=False):
            yield token

    def logits(self, ids: list[int]) -> Any:
        self.model.reset()
        self.model.eval(ids)
        return self.model.scores[: len(ids)].copy()

    def greedy(self, ids: list[int], new: int) -> list[int]:
        self.model.reset()
        return list(self._pieces(ids, new))


class Torch:
    """Plain transformers on torch, float32."""

    def __init__(self, start: Job) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(start["threads"])
        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(
            start["model"], dtype=torch.float32, local_files_only=True
        ).eval()

    def decode(self, job: Job) -> Job:
        return timed(self._pieces(job["ids"], job["new"]), time.perf_counter())

    def _pieces(self, ids: list[int], new: int) -> Iterator[int]:
        with self.torch.inference_mode():
            tokens = self.torch.tensor([ids])
            cache = None
            for _ in range(new):
                made = self.model(tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache = made.past_key_values
                tokens = made.logits[:, -1:].argmax(-1)
                yield int(tokens)

    def logits(self, ids: list[int]) -> Any:
        with self.torch.inference_mode():
            return self.model(self.torch.tensor([ids])).logits[0].float().numpy()

    def greedy(self, ids: list[int], new: int) -> list[int]:
        return list(self._pieces(ids, new))


ENGINES: dict[str, Callable[[Job], Any]] = {
    "ours": Ours,
    "graph": Graph,
    "genai": GenAI,
    "llama": LlamaCpp,
    "torch": Torch,
}


# What each imports before it can load anything.
NEEDS = {
    "ours": ("doctorflan_ls.models.onnx.model", "tokenizers", "jinja2.sandbox"),
    "graph": ("doctorflan_ls.export.verify", "onnxruntime"),
    "genai": ("onnxruntime_genai",),
    "llama": ("llama_cpp",),
    "torch": ("torch", "transformers"),
}


def started(job: Job) -> tuple[Any, Job]:
    """The engine, and milliseconds for its imports and for loading the model."""
    began = time.perf_counter()
    for name in NEEDS[job["engine"]]:
        importlib.import_module(name)
    imported = time.perf_counter()
    engine = ENGINES[job["engine"]](job)
    loaded = time.perf_counter()
    return engine, {"import_ms": (imported - began) * 1000, "load_ms": (loaded - imported) * 1000}


def said(engine: Any, job: Job) -> Job:
    """The logits after each token of each text, into the file ``out``; and greedy tokens."""
    import numpy as np

    rows = [np.asarray(engine.logits(ids), np.float32) for ids in job["texts"]]
    np.save(job["out"], np.concatenate(rows))
    return {"greedy": [int(token) for token in engine.greedy(job["ids"], job["new"])]}


def quantise(job: Job) -> Job:
    """A GGUF file of ``floats`` in another type (``Q8_0``, ``Q4_1``), as llama.cpp makes it."""
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{job['type']}")
    code = llama_cpp.llama_model_quantize(job["model"].encode(), job["out"].encode(), parameters)
    return {"code": int(code)}


def memory() -> Job:
    """MiB of this process: the most it ever had, and what is its own alone now (Linux)."""
    peak = own = 0
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            peak = int(line.split()[1])
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:")):
            own += int(line.split()[1])
    return {"peak_mib": peak / 1024, "uss_mib": own / 1024}


def main() -> None:
    # Libraries print to standard output: it is kept for answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    engine: Any = None
    for line in sys.stdin:
        job = json.loads(line)
        if job["do"] == "start":
            engine, answer = started(job)
        elif job["do"] == "quantise":
            answer = quantise(job)
        elif job["do"] == "logits":
            answer = said(engine, job)
        else:
            answer = engine.decode(job)
        answers.write(json.dumps({**answer, **memory()}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
