"""Points of a note by a hospital's or a province's table: of what the text alone can tell."""

from doctorflan_ls.score.model import Lost, NotJudged, Score, ScoreTable, Unpriced, Vetoed
from doctorflan_ls.score.run import score
from doctorflan_ls.score.tables import builtin_tables, table_for

__all__ = [
    "Lost",
    "NotJudged",
    "Score",
    "ScoreTable",
    "Unpriced",
    "Vetoed",
    "builtin_tables",
    "score",
    "table_for",
]
