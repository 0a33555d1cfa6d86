"""What happened, for whoever has to know later: events, and the trail that keeps them."""

from doctorflan_ls.audit.event import (
    REVIEW_OUTCOMES,
    Dismissed,
    Event,
    EventKind,
    Reviewed,
    ReviewOutcome,
    dismissal_event,
    draft_event,
    is_identifier,
    review_event,
)

__all__ = [
    "REVIEW_OUTCOMES",
    "Dismissed",
    "Event",
    "EventKind",
    "ReviewOutcome",
    "Reviewed",
    "dismissal_event",
    "draft_event",
    "is_identifier",
    "review_event",
]
