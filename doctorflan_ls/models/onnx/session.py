"""The runtime's session for a graph, and its errors in one line."""

from __future__ import annotations

import re
from pathlib import Path

import onnxruntime

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.local.memory import cores

_ERROR_AND_WORSE = 4
_SPIN_MICROSECONDS = "60"


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU for the graph. Raises ModelUnavailable."""
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count(threads)
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # The runtime's own lines go to stderr, past our log, and may quote values.
    options.log_severity_level = _ERROR_AND_WORSE
    # Without spinning each of a step's few hundred operators wakes the workers anew: 150 tokens a
    # second at two threads against 204. Spinning without end costs half as much processor time
    # again for each token, and halves the speed where another program wants the core. The time
    # from one operator to the next is all that is worth waiting: then both stay as they should.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", _SPIN_MICROSECONDS)
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - the runtime's errors have no common class
        raise load_error(error, path.name) from None


def thread_count(threads: int) -> int:
    """``threads``, or all cores this process may use but one for typing; at least 1."""
    return threads if threads > 0 else max(cores() - 1, 1)


def load_error(error: Exception, file: str) -> ModelUnavailable:
    """What the runtime refused to load, without its words (which may be pages)."""
    kind, text = type(error).__name__, str(error)
    if _is_memory(error):
        return ModelUnavailable("onnx.out-of-memory", file=file)
    if "IR version" in text or re.search(r"[Oo]pset \d+ is under development", text):
        return ModelUnavailable("onnx.too-new", file=file, version=onnxruntime.__version__)
    if kind in {"InvalidProtobuf", "NoSuchFile", "NoModel"}:
        return ModelUnavailable("onnx.broken", file=file)
    named = re.search(r"(?:implementation for|No Op registered for) ([\w.]+)", text)
    if named:
        return ModelUnavailable("onnx.operator", file=file, operator=named[1][:60])
    return ModelUnavailable("onnx.not-loaded", file=file, kind=kind)


def run_error(error: Exception, file: str) -> ModelUnavailable:
    """What went wrong in a step."""
    if _is_memory(error):
        return ModelUnavailable("onnx.out-of-memory", file=file)
    return ModelUnavailable("onnx.step-failed", file=file, kind=type(error).__name__)


def _is_memory(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, MemoryError) or "bad_alloc" in text or "Failed to allocate" in text


__all__ = ["load_error", "open_session", "run_error", "thread_count"]
