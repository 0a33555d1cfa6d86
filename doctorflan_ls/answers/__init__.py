"""A language model's answer, read as it is made: plain text, each piece with the part it answers.

``reader.py`` reads it, ``plain.py`` makes the text harmless, ``headings.py`` finds the task's
titles in the many forms models write them, ``repetition.py`` sees a model going round in circles.
"""

from doctorflan_ls.answers.headings import Titles
from doctorflan_ls.answers.reader import AnswerReader, Piece

__all__ = ["AnswerReader", "Piece", "Titles"]
