"""Record-writing rules over a note, as far as the text alone can prove them."""
