"""What is seen of a run while it goes on: progress, the record, the time, the memory."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.tuning.record import Record

_MIB = 1 << 20


def watcher(
    record: Record | None, progress: Callable[[float, float], None], *, speaks: bool
) -> Any:
    """A callback of the trainer; its ``times`` are the instants at which steps ended.

    A class made here, because its base is in a package that is imported late.
    """
    from transformers import TrainerCallback  # noqa: PLC0415

    class Watcher(TrainerCallback):  # type: ignore[misc]
        """Writes the record at each point of the curve; the last step is always kept."""

        def __init__(self) -> None:
            self.times: list[float] = []
            self._session: dict[str, Any] = {}

        def on_train_begin(self, args: Any, state: Any, *_: Any, **_more: Any) -> None:
            self._session = {"from_step": state.global_step, "device": str(args.device)}
            if record is not None:
                record.table["sessions"].append(self._session)
            self._began = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **_more: Any) -> Any:
            self.times.append(time.perf_counter())
            if speaks:
                progress(state.global_step, state.max_steps)
            if record is not None and state.global_step >= state.max_steps:
                control.should_save = control.should_log = True
                control.should_evaluate = args.eval_strategy != "no"
            return control

        def on_log(self, _args: Any, state: Any, *_: Any, logs: Any, **_more: Any) -> None:
            loss = (logs or {}).get("loss", 0.0)
            if not math.isfinite(loss):
                raise BadRequest("tune.diverged", step=state.global_step)
            if record is None or not speaks:
                return
            self._session |= {
                "to_step": state.global_step,
                "seconds": round(time.perf_counter() - self._began, 1),
                "memory_mib": memory_mib(),
            }
            record.take_history(state.log_history)
            record.write()

    return Watcher()


def memory_mib() -> int:
    """The most memory that was taken: of the GPU, else of this process; 0 where unknown."""
    import torch  # noqa: PLC0415

    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return int(torch.cuda.max_memory_reserved() // _MIB)
    try:
        import resource  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # In KiB, on macOS in bytes.
    return int(most // _MIB if sys.platform == "darwin" else most // 1024)
