"""Only a task file, with a key that no task has."""
