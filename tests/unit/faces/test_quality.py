"""Sharpness, motion, visibility and view mean what they say; possible sleep is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter1d

from amgs.extraction.sleep import SleepCandidate, find_possible_sleep
from amgs.faces.base import FoundEar, FoundEye, FoundFace
from amgs.faces.quality import (
    Quality,
    cut_for_motion,
    measure_motion,
    measure_sharpness,
    measure_view,
    measure_visibility,
    perceptual_blur,
    sharpness_limit,
)
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face, locate_parts

FACE = FoundFace((0, 0, 200, 200), 0.9, (), (), None, (1, 0, 0, 0))


def drawn(seed: int) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    face = replace(random_face(np.random.default_rng(seed)), blur_px=0.5, noise_sd=4.0)
    return draw_face(face, np.random.default_rng(seed)), locate_parts(face).face


@pytest.mark.parametrize("seed", range(6))
def test_blur_lowers_sharpness(seed: int) -> None:
    """Out of focus or smeared, more of it each time."""
    rgb, box = drawn(seed)
    focus = [
        measure_sharpness(gaussian_filter(rgb, (s, s, 0)) if s else rgb, box) for s in (0, 2, 4, 8)
    ]
    assert focus == sorted(focus, reverse=True)
    smeared = uniform_filter1d(rgb, 24, axis=1)
    assert measure_sharpness(smeared, box) < focus[0] - 0.05


def test_noise_does_not_pass_for_sharpness() -> None:
    """A blurred face stays blurred under camera noise."""
    rgb, box = drawn(1)
    blurred = gaussian_filter(rgb.astype(float), (6, 6, 0))
    noisy = np.clip(blurred + np.random.default_rng(0).normal(0, 6, rgb.shape), 0, 255)
    assert measure_sharpness(noisy.astype(np.uint8), box) < measure_sharpness(rgb, box) - 0.1


@pytest.mark.parametrize(
    ("usual", "limit"), [(None, 0.35), (0.6, 0.35), (0.44, 0.33), (0.34, 0.255), (0.1, 0.2)]
)
def test_the_limit_follows_what_is_usual(usual: float | None, limit: float) -> None:
    """Soft recordings get a lower one, never below 0.2, none a higher one."""
    assert sharpness_limit(usual) == pytest.approx(limit)


def test_motion_tells_still_from_moving() -> None:
    """Noise alone is little, a shift of an eighth of the face is much."""
    rgb, box = drawn(2)
    rng = np.random.default_rng(0)
    noisy = np.clip(rgb + rng.normal(0, 8, rgb.shape), 0, 255).astype(np.uint8)
    assert measure_motion(cut_for_motion(rgb, box), rgb, box) == 0.0
    assert measure_motion(cut_for_motion(rgb, box), noisy, box) < 0.15
    assert measure_motion(cut_for_motion(rgb, box), np.roll(rgb, 32, axis=1), box) > 0.35


def test_a_tiny_face_is_not_sharp() -> None:
    """There is nothing to see in ten pixels."""
    assert measure_sharpness(np.zeros((50, 50, 3), np.uint8), (0, 0, 10, 10)) == 0.0


def test_quality_is_the_stated_product() -> None:
    """And motion can only lower it."""
    assert Quality(0.8, 0.9, 0.5, None).value == pytest.approx(0.36)
    assert Quality(0.8, 0.9, 0.5, 0.2).value == pytest.approx(0.36 * 0.9)
    assert Quality(0.8, 0.9, 0.5, 7.0).value == pytest.approx(0.18)


def test_visibility_counts_parts_by_their_scores() -> None:
    """Two eyes, two ears and a nose make one."""
    eye, ear = FoundEye((0, 0, 1, 1), 1.0, 1, 0, 0), FoundEar((0, 0, 1, 1), 1.0)
    whole = replace(FACE, eyes=(eye, eye), ears=(ear, ear), nose=(3, 3))
    assert measure_visibility(whole) == 1.0
    assert measure_visibility(replace(FACE, eyes=(eye,), ears=(ear,))) == pytest.approx(0.4)
    assert measure_view(FACE) == 1.0
    assert measure_view(replace(FACE, view_p=(0, 0, 0, 1))) == 0.5


PICTURE = np.arange(256, dtype=np.uint8).reshape(16, 16)
UNSEEN = SleepCandidate(10, None, None, None)


def look(
    time_s: float, p_eyes_not_open: float | None = 0.9, x: float = 0.0, frame=PICTURE
) -> SleepCandidate:
    return SleepCandidate(time_s, (x, 0.0, x + 100.0, 100.0), p_eyes_not_open, frame)


def jittering(time_s: float) -> SleepCandidate:
    """The same still head, in a box that the detector drew a little otherwise each time."""
    y, x = np.mgrid[:200, :200]
    frame = np.clip(120 + 100 * np.sin(x / 9) * np.cos(y / 13), 0, 255).astype(np.uint8)
    rng = np.random.default_rng(int(time_s))
    left, top = rng.integers(40, 56, 2).tolist()
    right, bottom = rng.integers(140, 156, 2).tolist()
    seen = Image.fromarray(frame[top:bottom, left:right]).resize((16, 16), Image.Resampling.BOX)
    return SleepCandidate(time_s, (left, top, right, bottom), 0.9, np.asarray(seen))


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([look(t) for t in range(0, 20, 2)], [(0, 18)]),
        ([look(t) for t in range(0, 10, 2)], []),
        ([look(t, 0.1) for t in range(0, 20, 2)], []),
        ([look(t, x=40.0 * t) for t in range(0, 20, 2)], []),
        ([look(t, frame=np.roll(PICTURE, 5 * t)) for t in range(0, 20, 2)], []),
        ([UNSEEN if t == 10 else look(t) for t in range(0, 30, 2)], [(12, 28)]),
        ([look(t, 0.9 if t in {2, 18} else None) for t in range(0, 24, 2)], [(2, 18)]),
        ([look(t, None) for t in range(0, 30, 2)], []),
        ([look(t, None if t == 10 else 0.9, 90.0 * (t > 10)) for t in range(0, 18, 2)], []),
        ([jittering(t) for t in range(0, 20, 2)], [(0, 18)]),
        ([look(t) for t in range(0, 60, 20)], []),
        (
            [
                *(look(t) for t in range(0, 14, 2)),
                look(14, 0.1),
                *(look(t) for t in range(16, 30, 2)),
            ],
            [(0, 12), (16, 28)],
        ),
        ([], []),
    ],
    ids=[
        "asleep",
        "too short",
        "awake",
        "walks",
        "looks about",
        "not seen once",
        "eyes seen seldom",
        "eyes never seen",
        "moves while eyes are unseen",
        "boxes jitter",
        "gaps",
        "wakes once",
        "no look",
    ],
)
def test_possible_sleep(looks, expected) -> None:
    """Eyes shut and still for 10 s, seen often enough."""
    assert find_possible_sleep(looks) == expected


@pytest.mark.parametrize("sd", [0.0, 0.8, 3.0])
@pytest.mark.parametrize("shape", [(160, 120), (40, 160), (13, 14)])
def test_perceptual_blur_agrees_with_scikit_image(shape: tuple[int, int], sd: float) -> None:
    from skimage.measure import blur_effect

    noise = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    grey = np.asarray(gaussian_filter(noise, sd), np.float32)
    assert perceptual_blur(grey) == pytest.approx(blur_effect(grey), abs=1e-6)


def test_an_image_without_steps_is_blurred() -> None:
    assert perceptual_blur(np.full((40, 40), 7.0, np.float32)) == 1
