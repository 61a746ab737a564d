"""Where faces are: a detector finds them in an image, with eyes, ears and nose.

In the order of the work: base → the contract of a detector, and what it finds; detectors → the
table of those there are; centre_net, centre_maps, merging → the one that ships; detections → boxes;
quality → how good a face is for scoring; crop → its image; description, draw → to read and to see.
"""

from amgs.faces.base import FaceDetector, FoundEar, FoundEye, FoundFace
from amgs.faces.detectors import open_detector

__all__ = ["FaceDetector", "FoundEar", "FoundEye", "FoundFace", "open_detector"]
