"""The trained file: a text in, the departments' probabilities and each n-gram's part in them out.

N-grams, their TF-IDF weights and the linear model are inside the ONNX graph; its metadata hold the
vocabulary, the departments, the threshold below which it abstains and the count of training rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.onnx.session import open_session, run_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUT = "text"
PROBABILITIES = "probabilities"
CONTRIBUTIONS = "contributions"
# A hundred kilobytes of weights: more threads would only wait for each other.
_THREADS = 1


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model makes of a text.

    ``probabilities`` has one for each of the classifier's departments. ``contributions`` is what
    each n-gram of the vocabulary adds to each department's score (the logit; no unit): n-grams by
    departments.
    """

    probabilities: NDArray[np.float32]
    contributions: NDArray[np.float32]

    @property
    def known(self) -> bool:
        """True where the text holds at least one n-gram of the vocabulary."""
        return bool(np.any(self.contributions))

    def ranked(self) -> list[int]:
        """The departments' places, likeliest first."""
        return [int(place) for place in np.argsort(-self.probabilities, kind="stable")]


class Classifier:
    """A session for the trained file. Raises ModelUnavailable where it is no such file."""

    def __init__(self, path: Path) -> None:
        self._file = path.name
        self._session = open_session(path, _THREADS)
        described: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        try:
            grams = json.loads(described["vocabulary"])
            self.departments: tuple[str, ...] = tuple(json.loads(described["departments"]))
            self.threshold = float(described["threshold"])
            self.rows = int(described["rows"])
        except (KeyError, TypeError, ValueError):
            raise ModelUnavailable("onnx.broken", file=self._file) from None
        self.vocabulary: dict[str, int] = {gram: place for place, gram in enumerate(grams)}

    def scores(self, text: str) -> Scores:
        """Probabilities and contributions for a `Reading`'s text. Raises ModelUnavailable."""
        given = {INPUT: np.array([[text]], dtype=object)}
        try:
            found: list[Any] = self._session.run([PROBABILITIES, CONTRIBUTIONS], given)
        except Exception as error:  # noqa: BLE001 - the runtime's errors have no common class
            raise run_error(error, self._file) from None
        return Scores(found[0][0], found[1][0])
