"""The design: everything wrong with an experiment is told at once, before work begins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amgs.errors import StudyError
from amgs.study.checking import check_videos
from amgs.study.design import read_design
from videos import KINDS, write_video

HEADER = "animal,group,timepoint,video,zone,sex,date,recording"


def design(tmp_path: Path, *lines: str, baseline: str = "baseline"):
    path = tmp_path / "recordings.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return read_design(path, baseline)


GOOD = (
    "m1,sham,baseline,a.mp4,left,f,2026-03-01,",
    "m2,surgery,baseline,a.mp4,right,m,2026-03-01,",
    "m1,sham,60min,b.mp4,left,f,2026-03-02,",
    "m2,surgery,60min,b.mp4,right,,2026-03-02,",
)


def test_a_sound_design_has_no_fault(tmp_path: Path) -> None:
    found = design(tmp_path, *GOOD)
    assert found.faults == ()
    assert (found.groups, found.timepoints) == (["sham", "surgery"], ["baseline", "60min"])
    assert [r.name for r in found.recordings][:2] == ["m1_baseline", "m2_baseline"]
    assert found.count_animals("sham", "60min") == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m1,surgery,120min,c.mp4,,,,", "animal m1 is in the groups sham, surgery"),
        ("m3,sham,baseline,a.mp4,left,,,", "zone left of a.mp4 is in line 2 already"),
        ("m3,sham,baseline,a.mp4,full,,,", "zone full of a.mp4 overlaps left of line 2"),
        ("m3,sham,baseline,c.mp4,nowhere,,,", "line 6: Expected a zone"),
        (",sham,baseline,c.mp4,,,,", "line 6: no animal"),
        ("m3,,baseline,c.mp4,,,,", "line 6: no group"),
        ("m3,sham,,c.mp4,,,,", "line 6: no timepoint"),
        ("m3,sham,baseline,,,,,", "line 6: no video"),
        ("m3,sham,baseline,c.mp4,,,2026-02-30,", "'2026-02-30' is no date"),
        ("m3,sham,baseline,c.mp4,,,2999-01-01,", "has not come yet"),
        ("m1,sham,later,c.mp4,,m,,", "animal m1: sex is f in line 2 and m in line 6"),
        ("m3,Surgery,baseline,c.mp4,,,,", r"group 'surgery' \(line 3\) and 'Surgery' \(line 6\)"),
        ("m3,sham,60 min,c.mp4,,,,", "timepoint '60min' .* and '60 min' .* blanks only"),
        ("M 1,sham,later,c.mp4,,,,", "animal 'm1' .* and 'M 1'"),
        ("m1,sham,baseline,c.mp4,,,,", "m1 at baseline stands in line 2 already"),
        ("m1,sham,early,c.mp4,,,2026-02-01,", r"the baseline of line 2 \(2026-03-01\) is later"),
    ],
)
def test_every_fault_is_told(tmp_path: Path, line: str, message: str) -> None:
    faults = design(tmp_path, *GOOD, line).faults
    assert any(re.search(message, fault) for fault in faults), faults


def test_faults_are_collected(tmp_path: Path) -> None:
    lines = ["m1,a,x,f.mp4,left,,,", "m1,b,y,f.mp4,left,,soon,"]
    found = design(tmp_path, *lines)
    assert len(found.faults) == 4, found.faults
    with pytest.raises(StudyError, match="found 4 faults"):
        found.require_sound(tmp_path)


def test_no_baseline_at_all_is_a_fault_and_of_one_animal_a_warning(tmp_path: Path) -> None:
    assert any(
        "no recording at the baseline 'pre'" in f
        for f in design(tmp_path, *GOOD, baseline="pre").faults
    )
    found = design(tmp_path, *GOOD, "m3,sham,60min,c.mp4,,,,", "m4,sham,baseline,d.mp4,,,,")
    assert found.faults == ()
    assert any("1 animal has no baseline, so no change from it: m3" in w for w in found.warnings)
    assert any(
        "has nothing besides baseline, so no change from it: m4" in w for w in found.warnings
    )


def test_pixels_and_names_of_zones_are_compared(tmp_path: Path) -> None:
    lines = ['m1,a,baseline,f.mp4,"0,0,100,100",,,', 'm2,b,baseline,f.mp4,"50,50,100,100",,,']
    assert any("overlaps" in f for f in design(tmp_path, *lines).faults)
    lines[1] = 'm2,b,baseline,f.mp4,"100,0,100,100",,,'
    assert design(tmp_path, *lines).faults == ()


def test_an_animal_filmed_twice_names_its_recordings(tmp_path: Path) -> None:
    found = design(tmp_path, *GOOD, "m1,sham,60min,c.mp4,,,,m1_60min_again")
    assert found.faults == ()


def test_an_unknown_column_and_a_lonely_animal_are_odd(tmp_path: Path) -> None:
    path = tmp_path / "recordings.csv"
    path.write_text("animal,group,timepoint,video,dose\nm1,a,baseline,f.mp4,5\n", encoding="utf-8")
    warnings = read_design(path, "baseline").warnings
    assert any("'dose' is not known" in w for w in warnings)
    assert any("group a has one animal" in w for w in warnings)


def test_an_empty_or_missing_table_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="one line per animal and timepoint"):
        read_design(tmp_path / "recordings.csv", "baseline")
    with pytest.raises(StudyError, match="Fill it in"):
        design(tmp_path)


def test_videos_are_looked_for(tmp_path: Path, make_image) -> None:
    make_image("images/a.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no video")
    lines = [
        "m1,a,baseline,images,,,,",
        "m2,a,baseline,empty,,,,",
        "m3,a,baseline,missing.mp4,,,,",
        "m4,a,baseline,text.mp4,,,,",
        "m5,a,baseline,images,left,,,",
    ]
    faults, _ = check_videos(design(tmp_path, *lines), tmp_path)
    assert faults == [
        "line 3: no image in the folder empty",
        "line 4: nothing at missing.mp4; paths start at the study's folder",
        "line 5: text.mp4 cannot be opened as a video",
        "line 6: images holds images, which have no zones and no periods",
    ]
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/monday.mp4").write_text("no video")
    for written in ("videos/mondy.mp4", "monday.mp4", "Videos/Monday.MP4"):
        faults, _ = check_videos(design(tmp_path, f"m1,a,baseline,{written},,,,"), tmp_path)
        if "nothing at" in faults[0]:  # where file names have no capitals, the last one is found
            assert faults[0].endswith("; is videos/monday.mp4 meant?")


def write_turned(folder: Path) -> None:
    """A video of 320 × 192 that is shown turned by a quarter, 192 × 320."""
    (folder / "videos").mkdir()
    write_video(folder / "videos", KINDS["mp4_rotated_90"], 10)


def test_zones_of_a_turned_video_are_those_of_the_upright_frame(tmp_path: Path) -> None:
    """One that reaches below 192 pixels fits there, and `check` says so as `extract` does."""
    write_turned(tmp_path)
    line = 'm1,a,baseline,videos/video.mp4,"0,100,190,210",,,'
    assert check_videos(design(tmp_path, line), tmp_path)[0] == []
    line = 'm1,a,baseline,videos/video.mp4,"0,100,310,310",,,'
    assert len(check_videos(design(tmp_path, line), tmp_path)[0]) == 1


def test_a_zone_in_pixels_may_not_share_an_animal_with_a_named_one(tmp_path: Path) -> None:
    """Which pixels `left` means is known once the frame is."""
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos", KINDS["mp4_gop15"], 10)
    lines = ["m1,a,baseline,videos/video.mp4,left,,,"]
    second = 'm2,b,baseline,videos/video.mp4,"{}",,,'
    faults, _ = check_videos(design(tmp_path, *lines, second.format("100,0,200,192")), tmp_path)
    assert len(faults) == 1
    assert "one animal would count as two" in faults[0]
    faults, _ = check_videos(design(tmp_path, *lines, second.format("160,0,160,192")), tmp_path)
    assert faults == []


def test_a_zone_beyond_any_frame_is_compared_with_the_real_one(tmp_path: Path) -> None:
    """Not with a frame of a million pixels that nobody has."""
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos", KINDS["mp4_gop15"], 10)
    found = design(tmp_path, 'm1,a,baseline,videos/video.mp4,"0,0,1000001,10",,,')
    (fault,) = (*found.faults, *check_videos(found, tmp_path)[0])
    assert "320 × 192" in fault


def test_the_day_of_birth_is_a_day_before_the_video(tmp_path: Path) -> None:
    """Written as dates are, the same in every line of an animal, and never after it was filmed."""
    path = tmp_path / "recordings.csv"
    head = "animal,group,timepoint,video,date,born\n"
    rows = (
        "m1,sham,baseline,a.mp4,2026-03-01,01.01.2026\nm1,sham,60min,b.mp4,2026-03-01,2026-01-01\n"
    )
    path.write_text(head + rows, encoding="utf-8")
    found = read_design(path, "baseline")
    assert found.faults == ()
    assert {r.further["born"] for r in found.recordings} == {"2026-01-01"}
    wrong = (
        "m2,sham,baseline,c.mp4,2026-03-01,2026-04-01\nm3,sham,baseline,d.mp4,2026-03-01,spring\n"
    )
    path.write_text(head + rows.replace("2026-01-01", "2026-01-02") + wrong, encoding="utf-8")
    told = " ".join(read_design(path, "baseline").faults)
    assert "m1: born is 2026-01-01 in line 2 and 2026-01-02 in line 3" in told
    assert "line 4: m2 was born on 2026-04-01, after it was filmed" in told
    assert "line 5: 'spring' is no date" in told
