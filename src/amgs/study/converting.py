"""`convert`: videos of a study that cannot be searched, written once more; the table follows."""

from __future__ import annotations

import re

from amgs.errors import AmgsError
from amgs.jobs import ProgressCallback, no_progress
from amgs.study.actions import CONVERTED, who_acts
from amgs.study.design import RECORDINGS_FILE
from amgs.study.folder import StudyFolder
from amgs.video.convert import Converted, convert_video, needs_conversion


def list_to_convert(study: StudyFolder) -> dict[str, str]:
    """Return the videos of the table that cannot be searched, each with the reason."""
    found: dict[str, str] = {}
    for r in study.design().recordings:
        for file in r.files:
            path = study.folder / file
            if file in found or not path.is_file():
                continue
            try:
                reason = needs_conversion(path)
            except AmgsError:
                continue  # what is wrong with it is said where it is opened
            if reason:
                found[file] = reason
    return found


def convert_study(
    study: StudyFolder, *, lossless: bool = False, progress: ProgressCallback = no_progress
) -> dict[str, Converted]:
    """Write videos that cannot be searched once more beside them, and name these in the table.

    The originals stay; which file came from which is kept in the study's events.
    """
    done: dict[str, Converted] = {}
    table = study.folder / RECORDINGS_FILE
    for file in list_to_convert(study):
        source = study.folder / file
        suffix = ".mkv" if lossless else ".mp4"
        target = source.with_name(f"{source.stem}_converted{suffix}")
        done[file] = convert_video(source, target, lossless=lossless, progress=progress)
        new = f"{file[: -len(source.name)]}{target.name}"
        text = table.read_text(encoding="utf-8-sig")
        # As it is written there, also with the strokes of Windows.
        for written in (file, file.replace("/", "\\")):
            # A whole name only: one may end like another that lies in a further folder.
            name = rf'(^|[,;"])(\s*){re.escape(written)}(?=\s*(?:[,;"]|$))'
            whole = new.replace("\\", r"\\")
            text = re.sub(name, rf"\g<1>\g<2>{whole}", text, flags=re.MULTILINE)
        table.write_text(text, encoding="utf-8", newline="\n")
        detail = {"video": file, "into": new, "times": done[file].times}
        study.store.events.log(CONVERTED, who_acts(), detail | {"quality": done[file].quality})
    return done
