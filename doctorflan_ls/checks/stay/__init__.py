"""Checks that need more than a note's words: times, the author, the other notes of the stay."""
