"""From a finished run to a model folder: merged, exported, held against its source, tried."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.errors import BadRequest, ModelUnavailable
from doctorflan_ls.export import Progress, Quantisation, export_hf
from doctorflan_ls.export.folder import staged
from doctorflan_ls.export.verify import GraphRunner
from doctorflan_ls.models.base import Sampling
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.models.folders.store import folder_model
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span
from doctorflan_ls.tuning.base import load_weights, quiet_libraries
from doctorflan_ls.tuning.record import RECORD_FILE, RESULT, Record, read_record

TUNING_FILE = "tuning.json"
_COPIED = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("chat_template.jinja", "generation_config.json"),
)
_NOTES = {"zh": "zh-chest-pain.txt", "en": "en-copd.txt"}
_TASK = "differential-diagnosis"
_TOKENS = 64
# The largest difference of logits that merging in float32 may make.
_MERGED = 2e-3
