"""Model export: from GGUF, safetensors or a badly quantised graph to a fast ONNX folder.

Nothing here needs torch. The packages of the extra ``export`` are imported when a function runs.
"""

from __future__ import annotations

from doctorflan_ls.export.api import (
    About,
    Progress,
    Quantisation,
    export_gguf,
    export_hf,
    repair_dynamic,
)

__all__ = ["About", "Progress", "Quantisation", "export_gguf", "export_hf", "repair_dynamic"]
