"""Raises something whose own words raise."""


class Odd(BaseException):
    def __str__(self):
        raise self

    __repr__ = __str__


raise Odd
