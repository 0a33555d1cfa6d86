"""Says that it is a package, somewhere else."""

from doctorflan_ls.hookspecs import hookimpl

DOCTORFLAN_API = 1

__path__ = ["/nowhere"]
__spec__ = None


@hookimpl
def record_event():
    """Takes no note."""
