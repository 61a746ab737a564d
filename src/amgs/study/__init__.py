"""A study: a folder that a laboratory keeps an experiment in, from its films to its report.

settings → study.toml; design → recordings.csv and its checks; study → the steps, each one load,
step, save; room → what raters do in the scoring room.
"""

from amgs.study.room import ScoringRoom
from amgs.study.study import CheckReport, Study, is_study

__all__ = ["CheckReport", "ScoringRoom", "Study", "is_study"]
