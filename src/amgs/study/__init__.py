"""A study: a folder that a laboratory keeps an experiment in, from its videos to its report.

folder → settings, design and store, no step; settings, design, layout → what they are; then one
module per verb: checking, previewing, extracting, room, rater_agreement, labelling, unblinding,
training, classifying, summarising, comparing, image_checking, reporting, exporting; study → all of
them as one class.
"""

from amgs.study.checking import CheckReport
from amgs.study.folder import StudyFolder, is_study
from amgs.study.room import ScoringRoom
from amgs.study.study import Study

__all__ = ["CheckReport", "ScoringRoom", "Study", "StudyFolder", "is_study"]
