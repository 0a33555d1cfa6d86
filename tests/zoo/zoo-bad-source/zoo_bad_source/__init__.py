"""Only a task file, with a selector that there is not."""
