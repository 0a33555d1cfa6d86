"""Is no Python; as a string, so that the linters can read this file."""

exec("def (")
