"""Which cards were given out lately, so that feedback can be counted by rule and by task."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

_MOST = 20_000


class Issued:
    """The identifiers behind the latest cards, in memory only. Safe for threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._cards: OrderedDict[str, Mapping[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, card: str, identifiers: Mapping[str, str]) -> None:
        """Keep ``identifiers`` for the card; the oldest makes room."""
        with self._lock:
            self._cards[card] = dict(identifiers)
            while len(self._cards) > self._most:
                self._cards.popitem(last=False)

    def recall(self, card: str) -> Mapping[str, str]:
        """The identifiers of the card; none where it is not known any more."""
        with self._lock:
            return self._cards.get(card, {})
