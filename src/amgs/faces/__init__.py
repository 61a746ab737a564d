"""Faces in pictures and films.

In the order of the work: maps, decode, finder → where faces, eyes, ears and noses are; quality →
how good a face is for scoring; crop → its image; recordings → which films; looking → the best
picture of an interval; sleep → when an animal may have slept; extraction, journal,
extraction_tables → the whole way from films to images; draw → to look at; orbital → how far the
eyes are open, as a score. training → making the finder (extra `train`).
"""

from amgs.faces.decode import FoundEar, FoundEye, FoundFace
from amgs.faces.finder import FaceFinder

__all__ = ["FaceFinder", "FoundEar", "FoundEye", "FoundFace"]
