"""One engine in a process of its own: reads jobs from standard input, a line of JSON each.

Run by ``tests/benchmarks/models.py`` with whichever interpreter has the engine, so it imports
nothing of the project but for our own engine.
"""

# ruff: noqa: PLC0415  (each engine has its own interpreter)
from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
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

    def _stream(
        self, messages: list[list[str]], new: int, stop: Any = None
    ) -> Generator[str, None, str]:
        asked = [self.Message(*each) for each in messages]
        return self.model.stream(asked, self.Sampling(max_tokens=new), stop or self.Stop())

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

    def second(self, job: Job) -> Job:
        """Time to first token of a task, and of another on the same note."""
        for _ in self._stream(job["other"], 1):
            pass
        times = []
        for messages in (job["first"], job["then"]):
            began = time.perf_counter()
            pieces = self._stream(messages, 4)
            next(iter(pieces))
            times.append((time.perf_counter() - began) * 1000)
            for _ in pieces:
                pass
        return {"first_ms": times[0], "second_ms": times[1]}

    def cancel(self, job: Job) -> Job:
        """Milliseconds from the stop signal, set by another thread, to a model that is free."""
        for _ in self._stream(job["other"], 1):
            pass
        stop = self.Stop()
        said: list[float] = []

        def say() -> None:
            said.append(time.perf_counter())
            stop.set()

        # Within the prompt, or within an answer that has begun.
        pieces = self._stream(job["messages"], job["new"], stop)
        if job["after"]:
            for _ in range(job["after"]):
                next(pieces)
        timer = threading.Timer(job["delay_ms"] / 1000, say)
        timer.start()
        for _ in pieces:
            pass
        free = time.perf_counter()
        timer.join()
        return {"cancel_ms": (free - said[0]) * 1000}


class GenAI:
    """onnxruntime-genai on the same folder."""

    def __init__(self, start: Job) -> None:
        import onnxruntime_genai as og

        self.og = og
        config = og.Config(start["model"])
        session = {"session_options": {"intra_op_num_threads": start["threads"]}}
        config.overlay(json.dumps({"model": {"decoder": session}}))
        self.model = og.Model(config)

    def decode(self, job: Job) -> Job:
        parameters = self.og.GeneratorParams(self.model)
        length = len(job["ids"]) + job["new"]
        parameters.set_search_options(max_length=length, do_sample=False)

        def pieces() -> Iterator[int]:
            generator.append_tokens(job["ids"])
            for _ in range(job["new"]):
                generator.generate_next_token()
                yield generator.get_next_tokens()[0]
                if generator.is_done():
                    return

        generator = self.og.Generator(self.model, parameters)
        return timed(pieces(), time.perf_counter())


class LlamaCpp:
    """llama.cpp through llama-cpp-python."""

    def __init__(self, start: Job) -> None:
        from llama_cpp import Llama

        threads = start["threads"]
        self.model = Llama(
            start["model"], n_ctx=1024, n_threads=threads, n_threads_batch=threads, verbose=False
        )

    def decode(self, job: Job) -> Job:
        # Else it keeps what the last prompt has in common with this one.
        self.model.reset()
        began = time.perf_counter()

        def pieces() -> Iterator[int]:
            generator = self.model.generate(job["ids"], temp=0.0, top_k=1)
            for _, token in zip(range(job["new"]), generator, strict=False):
                yield token

        return timed(pieces(), began)


class Torch:
    """transformers on torch, float32, from the same GGUF file."""

    def __init__(self, start: Job) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(start["threads"])
        self.torch = torch
        path = Path(start["model"])
        self.model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        ).eval()

    def decode(self, job: Job) -> Job:
        began = time.perf_counter()
        return timed(self._pieces(job), began)

    def _pieces(self, job: Job) -> Iterator[int]:
        with self.torch.inference_mode():
            tokens = self.torch.tensor([job["ids"]])
            cache = None
            for _ in range(job["new"]):
                made = self.model(tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache = made.past_key_values
                tokens = made.logits[:, -1:].argmax(-1)
                yield int(tokens)


ENGINES: dict[str, Callable[[Job], Any]] = {
    "ours": Ours,
    "genai": GenAI,
    "llama": LlamaCpp,
    "torch": Torch,
}


def quantise(job: Job) -> Job:
    """A GGUF file at 8 bits from one at fewer: the same values, stored as llama.cpp stores 8."""
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0
    parameters.allow_requantize = True
    code = llama_cpp.llama_model_quantize(job["model"].encode(), job["out"].encode(), parameters)
    return {"code": int(code)}


def peak_mib() -> float:
    """The most memory this process had, from /proc (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM")


def main() -> None:
    # Libraries print to standard output: it is kept for answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    engine: Any = None
    for line in sys.stdin:
        job = json.loads(line)
        if job["do"] == "start":
            began = time.perf_counter()
            engine = ENGINES[job["engine"]](job)
            answer: Job = {"load_ms": (time.perf_counter() - began) * 1000}
        elif job["do"] == "quantise":
            answer = quantise(job)
        else:
            answer = getattr(engine, job["do"])(job)
        answer["peak_mib"] = peak_mib()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
