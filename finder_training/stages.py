"""The stages of training the detector's network: how long each takes, and what it sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How long and how to train."""

    steps: int = 3600
    batch: int = 12
    side_px: int = 320
    seed: int = 0
    peak_rate: float = 1.2e-3
    backbone_rate_factor: float = 0.3
    weight_decay: float = 0.02
    drawn_share: float = 0.05
    mosaic_share: float = 0.15
    shut_share: float = 0.3
    rare_weight: float = 1.2
    gentle_share: float = 0.0
    eye_weight: float = 0.5
    empty_share: float = 0.0
    frame_share: float = 0.0
    fixture_share: float = 0.0
    close_share: float = 0.0
    far_share: float = 0.0
    fixed_statistics: Literal["all", "backbone", "none"] = "backbone"
    averaging: float = 0.997


FINISH = FitOptions(
    steps=1500,
    seed=1,
    peak_rate=5e-4,
    rare_weight=3.0,
    gentle_share=0.4,
    eye_weight=1.2,
    mosaic_share=0.1,
)
"""The second stage: from the first one's averaged weights, at lower rates, with more weight on the
state of the eyes, more photographs of rare kinds, and some scenes as the camera saw them."""


FILMS = FitOptions(
    steps=1600,
    seed=2,
    peak_rate=4e-4,
    rare_weight=2.0,
    gentle_share=0.35,
    eye_weight=1.0,
    drawn_share=0.07,
    mosaic_share=0.1,
    empty_share=0.12,
    frame_share=0.18,
    fixture_share=0.25,
    close_share=0.12,
    far_share=0.06,
    fixed_statistics="all",
)
"""The third stage, from a trained network: frames of films, faces that overfill the image or are a
twentieth of it, and what was taken for faces. Normalisation is folded into the weights by then."""

LONG = replace(
    FILMS,
    steps=2373,
    batch=64,
    seed=3,
    peak_rate=1.5e-3,
    backbone_rate_factor=0.4,
    rare_weight=2.5,
    eye_weight=1.2,
    drawn_share=0.06,
    mosaic_share=0.14,
    frame_share=0.12,
    fixture_share=0.22,
    fixed_statistics="none",
    averaging=0.999,
)
"""The fourth stage, from the third one's network: large batches of many more scenes, normalised by
batches again. So many steps fitted into seven minutes on a GPU with 16 processors; on two
processors they take three to five hours."""
