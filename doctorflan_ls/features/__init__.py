"""One file for each editor feature: a Snapshot in, plain dataclasses out; no IO, no await."""
