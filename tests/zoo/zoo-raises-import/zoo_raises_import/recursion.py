"""Calls itself without end."""


def deeper():
    return deeper() + 1


deeper()
