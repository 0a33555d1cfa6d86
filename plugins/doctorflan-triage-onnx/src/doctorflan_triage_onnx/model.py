"""The classifier as a `Model`: verified before it is loaded, answering the task ``triage``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Chunk, Listed, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.models.folders import manifest, store

if TYPE_CHECKING:
    from doctorflan_ls.prompts import Prompt
    from doctorflan_triage_onnx.classifier import Classifier

MODEL_FILE = "triage.onnx"


class TriageModel:
    """Suggests departments for a Chinese note; made by ``load``."""

    def __init__(self, spec: ModelSpec, classifier: Classifier) -> None:
        self._spec = spec
        self._classifier: Classifier | None = classifier

    @property
    def spec(self) -> ModelSpec:
        """What it is and which version."""
        return self._spec

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        """Yield the draft piece by piece; nothing is sampled, and a later question gets the same.

        Raises ModelUnavailable for another task or language, and once it was closed.
        """
        from doctorflan_triage_onnx.draft import compose  # noqa: PLC0415

        task, language = prompt.task.id, prompt.language
        if task not in self._spec.tasks:
            raise ModelUnavailable("engine.not-task", model=self._spec.id, task=task)
        if language not in self._spec.languages:
            known = ", ".join(self._spec.languages)
            raise ModelUnavailable(
                "engine.not-language", model=self._spec.id, language=language, known=known
            )
        if self._classifier is None:
            raise ModelUnavailable("onnx.closed", model=self._spec.id)
        if stop.is_set():
            return
        for chunk in compose(prompt, self._classifier, sampling, stop):
            if stop.is_set():
                return
            yield chunk

    def close(self) -> None:
        """Give the runtime's session back."""
        self._classifier = None


def listed(folder: Path) -> Listed:
    """The model in ``folder``; only its manifest is read. Raises ModelUnavailable."""
    described = manifest.read(folder)

    def loaded(_options: ModelOptions) -> TriageModel:
        return load(folder, described)

    return Listed(described.spec(), loaded)


def load(folder: Path, described: manifest.Manifest) -> TriageModel:
    """The model, each of its files compared with the manifest's hash first.

    Raises ModelUnavailable for a file that is missing, differs or is no such model.
    """
    # numpy and the runtime are for whoever asks for a draft.
    from doctorflan_triage_onnx.classifier import Classifier  # noqa: PLC0415

    store.verify(folder, described)
    return TriageModel(described.spec(), Classifier(folder / MODEL_FILE))
