"""Cannot be imported, each module for another reason."""
