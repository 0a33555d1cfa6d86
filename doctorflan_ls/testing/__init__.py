"""Test suites that a plugin can run on what it brings."""

from __future__ import annotations

from doctorflan_ls.testing.model_contract import ChatModelContract, ModelContract

__all__ = ["ChatModelContract", "ModelContract"]
