"""Facts of a sentence, one module for each kind."""
