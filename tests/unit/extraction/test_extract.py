"""From videos to images: one per interval, from the right frame, none lost or doubled."""

from __future__ import annotations

import csv
import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from amgs.errors import (
    ImpossibleValueError,
    OutputExistsError,
    ResumeError,
    TableError,
    UnreadableVideoError,
)
from amgs.extraction.candidates import CandidateOptions, Survey, SurveyedZone
from amgs.extraction.checks import clear_extraction
from amgs.extraction.examine import sharpness_p75
from amgs.extraction.extract import ExtractionOptions, extract_faces
from amgs.extraction.interval import examine_interval
from amgs.extraction.journal import Journal
from amgs.extraction.preview import write_previews
from amgs.extraction.recordings import list_videos
from amgs.extraction.survey import survey_video
from amgs.extraction.tables import EXTRACTION_COLUMNS, FACES_COLUMNS
from amgs.faces.crop import crop_face
from amgs.video import Video, open_video
from amgs.video.sampling import cut_intervals
from marked import MarkDetector, Mouse, video_of
from videos import KINDS, write_video

RATE = 25


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def still_mouse(t: float) -> list[Mouse]:
    return [Mouse(100 + int(t) % 3, 50)]


def written(
    folder: Path, where, seconds: float, kind: str = "mp4_gop15", name: str = "video"
) -> Path:
    path, _ = write_video(
        folder, KINDS[kind], int(seconds * RATE), RATE, video_of(where, RATE), name
    )
    return path


def extract(path: Path, out: Path, zones=("full",), **options):
    return extract_faces(
        list_videos([path], zones),
        out,
        ExtractionOptions(**options),
        detector=MarkDetector(),
        jobs=2,
    )


def test_one_image_per_interval_from_the_frame_it_names(tmp_path: Path) -> None:
    """Every image is the crop of the frame whose number and time the table gives."""
    video = written(tmp_path, still_mouse, 35)
    summary = extract(video, tmp_path / "out")
    rows = rows_of(tmp_path / "out/faces.csv")
    assert summary.images == len(rows) == 4
    assert list(rows[0]) == list(FACES_COLUMNS)
    opened = open_video(video)
    for number, row in enumerate(rows):
        time_s = float(row["time_s"])
        assert max(1.0, 10 * number) <= time_s < 10 * (number + 1)
        assert time_s == pytest.approx(int(row["frame"]) / RATE, abs=0.001)
        box = tuple(float(row[f"box_{side}"]) for side in ("x1", "y1", "x2", "y2"))
        expected = crop_face(opened.frame(int(row["frame"])).rgb(), box, 0.15)
        with Image.open(tmp_path / "out" / row["image"]) as image:
            found = np.asarray(image)
            assert not image.getexif()
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected.astype(int)).mean() < 4


@pytest.mark.parametrize("kind", ["mp4_gop250", "mts_open_gop", "wmv", "mp4_variable_rate"])
def test_every_kind_of_video(tmp_path: Path, kind: str) -> None:
    """The rule is one for all; frames far from a keyframe are reached as well."""

    def late(t: float) -> list[Mouse]:
        return [Mouse(60, 40)] if t % 10 >= 6 else []

    video = written(tmp_path, late, 20, kind)
    extract(video, tmp_path / "out")
    opened = open_video(video)
    rows = rows_of(tmp_path / "out/faces.csv")
    assert rows
    for row in rows:
        index = int(row["frame"])
        assert MarkDetector().detect(opened.frame(index).rgb(), 0), row
        assert float(row["time_s"]) == pytest.approx(float(opened.table.times_s[index]), abs=0.001)


def test_a_face_seen_for_a_moment_is_found_between_keyframes(tmp_path: Path) -> None:
    """Keyframes every 2 s miss it; looking every half second does not."""

    def moment(t: float) -> list[Mouse]:
        return [Mouse(60, 40)] if 5.0 <= t < 6.2 else []

    summary = extract(written(tmp_path, moment, 10), tmp_path / "out")
    assert summary.images == 1
    assert 5.0 <= float(rows_of(tmp_path / "out/faces.csv")[0]["time_s"]) < 6.2


def test_blurred_faces_and_empty_frames_are_never_kept(tmp_path: Path) -> None:
    """They are counted by reason."""

    def bad(t: float) -> list[Mouse]:
        if t < 20:
            return [Mouse(60, 40, blur=0.0 if t < 10 else 5.0)]
        return []

    summary = extract(written(tmp_path, bad, 30), tmp_path / "out")
    assert [float(r["time_s"]) < 10 for r in rows_of(tmp_path / "out/faces.csv")] == [True]
    assert not summary.warnings
    row = rows_of(tmp_path / "out/extraction.csv")[0]
    assert list(row) == list(EXTRACTION_COLUMNS)
    assert int(row["rejected_blurred"]) >= 10
    assert int(row["rejected_no_face"]) >= 10
    assert int(row["kept"]) == 1


def test_a_soft_recording_keeps_its_own_sharp_faces(tmp_path: Path) -> None:
    """Where no face reaches the general limit, what is usual there decides, and it is said."""

    def soft(t: float) -> list[Mouse]:
        return [Mouse(60, 40, blur=2.9)] if t < 30 else []

    summary = extract(written(tmp_path, soft, 40), tmp_path / "out")
    usual = summary.recordings[0]["sharpness_p75"]
    assert 0.2 < usual < 0.35
    rows = rows_of(tmp_path / "out/faces.csv")
    assert [float(row["time_s"]) < 30 for row in rows] == [True, True, True]
    assert "soft fur, or a video out of focus" in summary.warnings[0]


def test_a_frame_is_examined_once(tmp_path: Path) -> None:
    """What the survey of sharpness saw is used again, judged by the limit found from it."""

    def partly_blurred(t: float) -> list[Mouse]:
        return [Mouse(60, 40, blur=0.0 if t < 10 else 5.0)]

    options, detector = CandidateOptions(), MarkDetector()
    with closing(open_video(written(tmp_path, partly_blurred, 20))) as video:
        zones = [(0.0, 0.0, float(video.info.width), float(video.info.height))]
        seen = survey_video(video, zones, detector, options).by_frame
        first = Survey([SurveyedZone(sharpness_p75(c[0] for c in seen.values()))], seen)
        anew = Survey(first.zones, {})
        for interval in cut_intervals(20.0, 10.0, 1.0):
            before = detector.looked_at
            found = examine_interval(video, interval, zones, detector, options, first)
            at_once = detector.looked_at - before
            expected = examine_interval(video, interval, zones, detector, options, anew)
            # What the survey saw is not detected again, whatever was decided about it then.
            anew_count = detector.looked_at - before - at_once
            surveyed = [seen for seen in found[0].keyframes if seen.index in first.by_frame]
            assert surveyed
            assert anew_count == at_once + len(surveyed)
            for a, b in zip(found[0].keyframes, expected[0].keyframes, strict=True):
                assert (a.index, a.rejected, a.quality) == (b.index, b.rejected, b.quality)
            assert (found[0].kept is None) == (expected[0].kept is None)
        assert {seen.rejected for seen in found[0].keyframes} == {"blurred"}


def test_moving_faces_are_not_kept(tmp_path: Path) -> None:
    """Sharp in each frame, but elsewhere in the next."""

    def running(t: float) -> list[Mouse]:
        return [Mouse(int(20 + (t * 250) % 180), 40)]

    summary = extract(written(tmp_path, running, 10), tmp_path / "out")
    assert summary.images == 0
    assert summary.recordings[0]["rejected_moving"] > 0


@pytest.mark.parametrize("kind", ["mp4_gop15", "mp4_gop250"])
def test_a_moving_face_does_not_end_the_search(tmp_path: Path, kind: str) -> None:
    """Motion is measured elsewhere in the video while its frames are walked through."""

    def runs_then_sits(t: float) -> list[Mouse]:
        return [Mouse(int(20 + (t * 250) % 180), 40)] if 1 <= t < 7 else [Mouse(60, 40)]

    summary = extract(written(tmp_path, runs_then_sits, 10, kind), tmp_path / "out")
    assert summary.images == 1
    assert summary.recordings[0]["rejected_damaged"] == 0
    assert float(rows_of(tmp_path / "out/faces.csv")[0]["time_s"]) >= 7


def test_the_best_candidate_is_kept(tmp_path: Path) -> None:
    """Of two sharpnesses in one interval, the sharper."""

    def better(t: float) -> list[Mouse]:
        return [Mouse(60, 40, blur=0.0 if 4 <= t < 7 else 1.2)]

    extract(written(tmp_path, better, 10), tmp_path / "out", interval_s=10.0)
    assert 4 <= float(rows_of(tmp_path / "out/faces.csv")[0]["time_s"]) < 7


def test_two_animals_in_one_video_are_two_recordings(tmp_path: Path) -> None:
    """A face goes to the zone that holds its centre; crops do not reach into the other zone."""

    def two(t: float) -> list[Mouse]:
        return [Mouse(30, 50), Mouse(200, 60, shut=True)]

    extract(written(tmp_path, two, 10), tmp_path / "out", ("left", "right"))
    rows = {row["recording"]: row for row in rows_of(tmp_path / "out/faces.csv")}
    assert set(rows) == {"video_left", "video_right"}
    assert float(rows["video_left"]["box_x1"]) == pytest.approx(30, abs=3)
    assert float(rows["video_right"]["box_x1"]) == pytest.approx(200, abs=3)
    assert (
        float(rows["video_right"]["p_eyes_not_open"])
        > 0.9
        > float(rows["video_left"]["p_eyes_not_open"])
    )


def test_images_tell_nothing_of_the_video(tmp_path: Path) -> None:
    """File names of videos may name the treatment; those of images sort by time and do not."""
    video = written(tmp_path, still_mouse, 30, name="morphine_mouse7")
    extract(video, tmp_path / "out")
    names = [row["image"] for row in rows_of(tmp_path / "out/faces.csv")]
    assert not any("morphine" in name or "mouse7" in name for name in names)
    assert names == sorted(names)


def test_still_animals_with_shut_eyes_may_be_asleep(tmp_path: Path) -> None:
    """Marked on the images and listed; an animal with open eyes is not."""

    def sleeps(t: float) -> list[Mouse]:
        return [Mouse(60, 40, shut=t >= 12)]

    summary = extract(written(tmp_path, sleeps, 40), tmp_path / "out")
    stretches = rows_of(tmp_path / "out/possible_sleep.csv")
    assert len(stretches) == 1
    assert float(stretches[0]["from_s"]) == pytest.approx(12.5, abs=1.6)
    assert float(stretches[0]["to_s"]) > 36
    marks = [(float(r["time_s"]), r["possible_sleep"]) for r in rows_of(tmp_path / "out/faces.csv")]
    assert all((mark == "yes") == (t > 14) for t, mark in marks)
    assert summary.recordings[0]["possible_sleep_s"] > 20


def test_groups_of_a_table_go_into_the_faces(tmp_path: Path) -> None:
    """Animal, group and timepoint are carried, for the classifier's table."""
    written(tmp_path, still_mouse, 12, name="a")
    table = tmp_path / "recordings.csv"
    table.write_text("animal,group,timepoint,video,zone\nm1,sham,baseline,a.mp4,left\n", "utf-8")
    extract(table, tmp_path / "out")
    row = rows_of(tmp_path / "out/faces.csv")[0]
    assert (row["animal"], row["group"], row["timepoint"]) == ("m1", "sham", "baseline")
    assert row["recording"] == "a_left"


def test_an_interrupted_run_goes_on_and_gives_the_same(tmp_path: Path, monkeypatch) -> None:
    """Stopped after every possible interval: the end is as if nothing had happened."""
    video = written(tmp_path, still_mouse, 45)
    extract(video, tmp_path / "whole")
    add = Journal.add
    count = 0

    def failing(self, entry) -> None:
        nonlocal count
        count += 1
        if count % 2 == 0:
            raise KeyboardInterrupt
        add(self, entry)

    monkeypatch.setattr(Journal, "add", failing)
    for _ in range(12):
        try:
            extract(video, tmp_path / "parts")
            break
        except KeyboardInterrupt:
            continue
    assert same_results(tmp_path / "whole", tmp_path / "parts")


def test_a_torn_line_is_done_again(tmp_path: Path) -> None:
    """A line that was cut by a power failure does not count as done."""
    video = written(tmp_path, still_mouse, 30)
    extract(video, tmp_path / "whole")
    extract(video, tmp_path / "torn")
    journal = next((tmp_path / "torn/.progress").glob("*.jsonl"))
    journal.write_bytes(journal.read_bytes()[:-40])
    summary = extract(video, tmp_path / "torn")
    assert summary.resumed_intervals == 2
    assert same_results(tmp_path / "whole", tmp_path / "torn")


KILLED = """
import sys
from pathlib import Path
from typing import Any
sys.path.insert(0, {tests!r})
from marked import MarkDetector
from amgs.extraction.extract import extract_faces
from amgs.extraction.recordings import list_videos
print("started", flush=True)
extract_faces(list_videos([Path({video!r})]), Path({out!r}), detector=MarkDetector(), jobs=2)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.slow
def test_a_killed_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed at arbitrary moments until it gets through."""
    video = written(tmp_path, still_mouse, 60, "mp4_gop250")
    extract(video, tmp_path / "whole")
    code = KILLED.format(
        tests=str(Path(__file__).parents[2]), video=str(video), out=str(tmp_path / "killed")
    )
    kills = 0
    for attempt in range(40):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05 * attempt)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.stdout.close()
        if process.wait() == 0:
            break
    assert kills > 0
    assert same_results(tmp_path / "whole", tmp_path / "killed")


def same_results(a: Path, b: Path) -> bool:
    """Tables are equal to the letter, images to the byte, and there are no others."""
    for name in ("faces.csv", "extraction.csv", "possible_sleep.csv"):
        assert (a / name).read_bytes() == (b / name).read_bytes(), name
    images = sorted(p.relative_to(a) for p in a.glob("faces/*/*.jpg"))
    assert images == sorted(p.relative_to(b) for p in b.glob("faces/*/*.jpg"))
    assert images
    return all((a / p).read_bytes() == (b / p).read_bytes() for p in images)


def test_other_options_are_not_mixed_with_what_is_there(tmp_path: Path) -> None:
    """They need another folder, or a fresh start."""
    video = written(tmp_path, still_mouse, 20)
    extract(video, tmp_path / "out")
    with pytest.raises(ResumeError, match="made with other options.*--restart"):
        extract(video, tmp_path / "out", interval_s=5.0)
    clear_extraction(tmp_path / "out")
    assert extract(video, tmp_path / "out", interval_s=5.0).images == 4


def test_a_new_video_is_added_to_what_is_there(tmp_path: Path) -> None:
    """Done videos are not looked at again."""
    videos = tmp_path / "videos"
    videos.mkdir()
    written(videos, still_mouse, 20, name="a")
    extract(videos, tmp_path / "out")
    written(videos, lambda t: [Mouse(120, 60)], 20, name="b")
    summary = extract(videos, tmp_path / "out")
    assert summary.resumed_intervals == 2
    assert [row["recording"] for row in rows_of(tmp_path / "out/faces.csv")] == ["a", "a", "b", "b"]


def test_unusable_videos_among_many_are_listed(tmp_path: Path) -> None:
    """Alone, such a video is an error."""
    videos = tmp_path / "videos"
    videos.mkdir()
    written(videos, still_mouse, 12, name="good")
    (videos / "bad.mp4").write_bytes(b"")
    summary = extract(videos, tmp_path / "out")
    assert summary.images == 1
    assert [name for name, _ in summary.problems] == ["bad.mp4"]
    good, bad = rows_of(tmp_path / "out/extraction.csv")
    assert (good["recording"], good["kept"], good["problem"]) == ("good", "1", "")
    assert (bad["recording"], bad["kept"]) == ("bad", "0")
    assert "is empty" in bad["problem"]
    with pytest.raises(UnreadableVideoError, match="is empty"):
        extract(videos / "bad.mp4", tmp_path / "other")
    assert not (tmp_path / "other/faces.csv").exists()


def test_a_video_shorter_than_its_header_says_is_noticed(tmp_path: Path) -> None:
    """The frames that are there are used."""
    video = written(tmp_path, still_mouse, 40, "mkv_gop30")
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])
    summary = extract(video, tmp_path / "out")
    assert any("The file may be cut off" in warning for warning in summary.warnings)
    assert 1 <= summary.images <= 3


def test_only_extractions_are_cleared(tmp_path: Path) -> None:
    """A mistyped folder keeps what it holds."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/faces.csv").write_text("mine")
    with pytest.raises(OutputExistsError, match="nothing was removed"):
        clear_extraction(tmp_path / "photos")
    assert (tmp_path / "photos/faces.csv").exists()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("video,zone\na.mp4,middle\n", "line 2: Expected a zone as full, left, right"),
        ("video,zone\n,left\n", "line 2: no video named"),
        ("video,zone\na.mp4,left\na.mp4,left\n", "line 3: zone left of a.mp4 is in line 2 already"),
        ("movie\na.mp4\n", "video is missing"),
    ],
)
def test_faults_of_a_table_of_recordings(tmp_path: Path, lines: str, message: str) -> None:
    """Each with its line."""
    table = tmp_path / "recordings.csv"
    table.write_text(lines, encoding="utf-8")
    with pytest.raises(TableError, match=message):
        list_videos([table])


def test_two_videos_of_one_name_are_refused(tmp_path: Path) -> None:
    """Their recordings would be one."""
    for folder in ("monday", "tuesday"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m1.mp4").write_bytes(b"x")
    with pytest.raises(TableError, match="m1: .*monday.* and .*tuesday"):
        list_videos([tmp_path / "monday/m1.mp4", tmp_path / "tuesday/m1.mp4"])
    assert [f.recordings[0].name for f in list_videos([tmp_path])] == ["monday/m1", "tuesday/m1"]


def test_copies_of_a_video_are_refused(tmp_path: Path) -> None:
    """One animal would count as two."""
    video = written(tmp_path, still_mouse, 3, name="m1")
    (tmp_path / "m2.mp4").write_bytes(video.read_bytes())
    with pytest.raises(TableError, match="m2.mp4 is a copy of .*m1.mp4"):
        extract_faces(list_videos([tmp_path]), tmp_path / "out", detector=MarkDetector())


def test_earlier_recordings_are_never_forgotten(tmp_path: Path) -> None:
    """A second run with other videos, or a table that was changed, is refused."""
    first = written(tmp_path, still_mouse, 12, name="monday")
    second = written(tmp_path, lambda t: [Mouse(30, 30)], 12, name="tuesday")
    extract(first, tmp_path / "out")
    with pytest.raises(OutputExistsError, match="not named now:\n  - monday"):
        extract(second, tmp_path / "out")
    faces = tmp_path / "out/faces.csv"
    lines = faces.read_text("utf-8").splitlines()
    faces.write_text(
        lines[0] + ",label\n" + "\n".join(f"{line},pain" for line in lines[1:]), "utf-8"
    )
    with pytest.raises(OutputExistsError, match="has the columns label"):
        extract(first, tmp_path / "out")


def test_a_drive_that_drops_out_is_no_damage(tmp_path: Path, monkeypatch) -> None:
    """The run stops; nothing of it counts as looked at."""
    video = written(tmp_path, still_mouse, 12)
    opened = open_video(video)

    def lost(self):
        raise av.error.OSError(errno.EIO, "Input/output error")
        yield

    monkeypatch.setattr(Video, "_demux", lost)
    with pytest.raises(OSError, match="Input/output"):
        opened.frame(30)


def test_many_videos_keep_no_file_open(tmp_path: Path) -> None:
    """A journal is open only while it is written to."""
    journals = [Journal(tmp_path / f"{k}.jsonl", {"video": k}) for k in range(1500)]
    for journal in journals:
        journal.add({"interval": 0, "zones": []})
    assert all(0 in Journal(tmp_path / f"{k}.jsonl", {"video": k}).entries for k in (0, 1499))


def test_a_zone_beyond_the_frame(tmp_path: Path) -> None:
    """Is an error before anything is written."""
    video = written(tmp_path, still_mouse, 3)
    with pytest.raises(ImpossibleValueError, match="320 × 192 pixels, found 300,0,100,100"):
        extract(video, tmp_path / "out", ("300,0,100,100",))


def test_an_interval_that_is_too_short(tmp_path: Path) -> None:
    """Shorter than what is left out at the start."""
    video = written(tmp_path, still_mouse, 3)
    with pytest.raises(ImpossibleValueError, match="longer than the 1 s left out"):
        extract(video, tmp_path / "out", interval_s=0.5)


def test_zones_that_share_pixels_are_refused(tmp_path: Path) -> None:
    """One animal would count as two; nothing is written."""
    video = written(tmp_path, still_mouse, 3)
    for zones in (("left", "0,0,200,192"), ("full", "right"), ("0,0,200,192", "150,0,100,100")):
        with pytest.raises(ImpossibleValueError, match="one animal would count as two"):
            extract(video, tmp_path / "out", zones)
    assert not (tmp_path / "out").exists()


class OtherDetector(MarkDetector):
    """Finds the same, but is another one."""

    name = "other_marks"
    sha256 = "1" * 64


def test_faces_of_two_detectors_do_not_mix(tmp_path: Path) -> None:
    """Which one it was is written down; another one needs a fresh start."""
    video = written(tmp_path, still_mouse, 20)
    assert extract(video, tmp_path / "out").detector["name"] == "marks"
    with pytest.raises(ResumeError, match=r"detector: marks 1 \(0{8}\), now other_marks"):
        extract_faces(list_videos([video]), tmp_path / "out", detector=OtherDetector())
    kept = extract_faces(
        list_videos([video]), tmp_path / "out", detector=OtherDetector(), keep_earlier=True
    )
    assert kept.earlier == ["video"]
    assert kept.images == 2


def test_previews_of_recordings_with_any_name(tmp_path: Path) -> None:
    """A colon is no part of a file name on Windows."""
    written(tmp_path, still_mouse, 3, name="a")
    table = tmp_path / "recordings.csv"
    table.write_text("recording,video\nm1_24:00,a.mp4\n", "utf-8")
    found = write_previews(list_videos([table]), tmp_path / "previews", MarkDetector())
    (path,) = found.values()
    assert isinstance(path, Path)
    assert path.is_file()
    assert ":" not in path.name


def test_intervals_of_a_video_that_ends_early() -> None:
    """A last one of less than half the length joins the one before."""
    assert [i.start_s for i in cut_intervals(34.0, 10.0, 1.0)] == [1, 10, 20]
    assert [i.start_s for i in cut_intervals(36.0, 10.0, 1.0)] == [1, 10, 20, 30]
    assert cut_intervals(34.0, 10.0, 1.0)[-1].stop_s > 34, "the last frame is in it"


def test_where_frames_were_damaged_is_examined_again(tmp_path: Path) -> None:
    """The video may have been copied again: damage in its middle changes no fingerprint."""
    path = tmp_path / "j.jsonl"

    def entry(number: int, rejected: str) -> dict[str, Any]:
        return {"interval": number, "image": None, "candidates": [{"rejected": rejected}]}

    journal = Journal(path, {"video": "x"})
    for number, rejected in ((0, "no face"), (1, "damaged"), (2, "damaged")):
        journal.add(entry(number, rejected))
    again = Journal(path, {"video": "x"})
    assert list(again.entries) == [0]
    again.add(entry(1, "no face"))
    assert list(Journal(path, {"video": "x"}).entries) == [0, 1]
    # What was made with other options stays whole.
    kept = Journal(path, {"video": "y"}, keep_earlier=True)
    assert list(kept.entries) == [0, 1, 2]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("a.mp4,left,0,16\na.mp4,left,2,18\n", "zone left of a.mp4 is in line 2 already"),
        ("a.mp4,full,0,16\na.mp4,left,2,18\n", "overlaps full of line 2"),
    ],
)
def test_one_place_is_not_filmed_twice_at_a_time(tmp_path: Path, lines: str, says: str) -> None:
    """Also where the periods are not the same ones: one animal would count as two."""
    (tmp_path / "videos.csv").write_text(f"video,zone,from,to\n{lines}", encoding="utf-8")
    with pytest.raises(TableError, match=says):
        list_videos([tmp_path / "videos.csv"])
