"""Is not where its entry points point."""
