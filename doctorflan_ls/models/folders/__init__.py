"""Model folders: described by a manifest, added with care, checked before they are loaded."""
