"""``python -m doctorflan_ls``."""

import sys
from pathlib import Path

# Python looks for modules in the current folder first. In somebody else's, a ``click.py`` would run
# and a package that lies there would be a plugin; the script ``doctorflan-ls`` does not look there.
if not sys.flags.safe_path and Path(sys.path[0]) != Path(__file__).parents[1]:
    del sys.path[0]

from doctorflan_ls.cli import main

main()
