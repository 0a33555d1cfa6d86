"""Only a task file, in GBK."""
