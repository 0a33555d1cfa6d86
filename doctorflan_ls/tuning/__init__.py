"""Tuning: from rows of the dataset to a model of the server.

`keys` and `config` are the file that describes a run, `rows` reads the dataset, `encoding` makes
tokens of it, `prepared` is all that is known before the model is loaded, `training` runs, `record`
keeps what was done, `result` makes the model folder. torch, transformers and peft, of the extra
``train``, are imported when a function needs them.
"""

from __future__ import annotations

import importlib.util

from doctorflan_ls.errors import BadRequest

PACKAGES = ("torch", "transformers", "peft", "accelerate", "safetensors")


def check_packages() -> None:
    """Raise BadRequest where the extra that trains is not installed."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise BadRequest("tune.no-extra", packages=", ".join(missing))
