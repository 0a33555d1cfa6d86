"""Reading a note: language, document type, sections and facts, each a span of its text."""
