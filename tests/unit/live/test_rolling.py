"""What is said of the last minutes is of the last minutes."""

from __future__ import annotations

from amgs.live.rolling import LiveImage, RollingWindow
from amgs.vocabulary import Reading, call_pain


def test_a_camera_that_is_lost_says_nothing_of_now() -> None:
    """No later interval pushes its images out: the clock does."""
    window = RollingWindow(minutes=2, threshold=0.5)
    for k in range(10):
        window.add(LiveImage(10.0 * k, 1000.0 + 10 * k, "a.jpg", Reading(call_pain(0.9).values)))
    window.forget(1095.0)
    assert window.summary()["confident_images"] == 10
    window.forget(1180.0)
    assert window.summary()["confident_images"] == 3
    window.forget(2000.0)
    assert window.summary()["pct_pain"] is None
    window.add(LiveImage(900.0, 2000.0, "b.jpg", Reading(call_pain(0.1).values)))
    assert window.summary()["pct_pain"] == 0.0
