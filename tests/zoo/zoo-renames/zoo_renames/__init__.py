"""Is not called as its package is."""
