"""Synthetic mice with known scores, for a demo and for tests; they are not mice in pain."""

from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.cohort import SyntheticImage, draw_labelled_faces, write_synthetic_faces
from amgs.simulate.face import draw_face

__all__ = [
    "FaceParameters",
    "SyntheticImage",
    "draw_face",
    "draw_labelled_faces",
    "write_synthetic_faces",
]
