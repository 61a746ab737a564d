"""What raters are shown: the pixels of a face, and where in them the face is."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amgs.errors import AmgsError, UnreadableImageError
from amgs.faces.base import FaceDetector
from amgs.faces.detections import Box
from amgs.faces.detectors import open_detector
from amgs.images.reading import RGB, decode_image, read_content
from amgs.store import FaceRecord, Presentation
from amgs.study.folder import StudyFolder


@dataclass(frozen=True, slots=True, eq=False)
class ShownFace:
    """Pixels (uint8, height × width × 3) and the face's box in them, if it is known."""

    rgb: RGB
    box: Box | None


class ShownFaces:
    """Reads the images of a study for its scoring room; used by several threads at once."""

    def __init__(self, study: StudyFolder) -> None:
        self._study = study
        self._faces: dict[int, FaceRecord] = {}
        self._detector: FaceDetector | None = None
        self._lock = threading.Lock()

    def content(self, shown: Presentation) -> bytes | None:
        """Return the file of what is shown; ``None`` if it is not the image taken up."""
        try:
            content = read_content(self._study.folder / shown.image)
        except UnreadableImageError:
            return None
        same = hashlib.sha256(content).hexdigest() == self._face(shown).content
        return content if same else None

    def read(self, shown: Presentation, *, with_box: bool) -> ShownFace | None:
        """Return the pixels of what is shown; ``None`` if it is not the image taken up.

        Parameters
        ----------
        shown
            What is shown.
        with_box
            Say where the face is: from its extraction, or found now.
        """
        content = self.content(shown)
        if content is None:
            return None
        rgb = decode_image(content)
        return ShownFace(rgb, self._box(shown, rgb) if with_box else None)

    def _face(self, shown: Presentation) -> FaceRecord:
        if shown.face_id not in self._faces:
            self._faces = {face.id: face for face in self._study.store.faces.all(retired=True)}
        return self._faces[shown.face_id]

    def _box(self, shown: Presentation, rgb: RGB) -> Box | None:
        # Not kept: a second showing of a face that came quicker than others would be known by it.
        detail = self._face(shown).detail
        return _inner(detail, rgb) if "box_x1" in detail else self._find(rgb)

    def _find(self, rgb: RGB) -> Box | None:
        with self._lock:  # one at a time: raters are more patient than two cores
            if self._detector is None:
                try:
                    self._detector = open_detector(self._study.settings.extract.detector)
                except AmgsError:
                    return None
            found = self._detector.find(rgb)
        return max(found, key=lambda face: face.score).box if found else None


def _inner(detail: Mapping[str, Any], rgb: RGB) -> Box:
    """Return the box of a face in its own crop, which is the box with a margin on each side.

    Where the frame's edge cut the margin off, the rest of it lies on the other side.
    """
    x1, y1, x2, y2 = (float(detail[f"box_{corner}"]) for corner in ("x1", "y1", "x2", "y2"))
    height, width = rgb.shape[:2]
    left = max(0.0, min(x1, (width - (x2 - x1)) / 2))
    top = max(0.0, min(y1, (height - (y2 - y1)) / 2))
    return left, top, min(float(width), left + x2 - x1), min(float(height), top + y2 - y1)
