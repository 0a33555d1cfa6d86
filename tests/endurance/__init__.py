"""Long runs, by hand or on a schedule; their short versions are tests."""
