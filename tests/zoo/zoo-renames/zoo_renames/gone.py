"""Is no longer there once it was imported."""

import sys

del sys.modules[__name__]
