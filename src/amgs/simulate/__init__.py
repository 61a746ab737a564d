"""Drawn mice with known scores, for a demo and for tests; they are not mice in pain."""

from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.cohort import DrawnImage, draw_cohort, write_cohort
from amgs.simulate.face import draw_face

__all__ = ["DrawnImage", "FaceParameters", "draw_cohort", "draw_face", "write_cohort"]
