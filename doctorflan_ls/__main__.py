"""``python -m doctorflan_ls``."""

from doctorflan_ls.cli import main

main()
