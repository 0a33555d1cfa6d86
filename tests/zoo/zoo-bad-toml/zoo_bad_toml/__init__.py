"""Only task files; one is no TOML."""
