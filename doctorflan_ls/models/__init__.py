"""Models: from the embedded skeleton to language models."""
