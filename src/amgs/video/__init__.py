"""Videos: exact frames, the zones that hold animals, and which frames are worth a look.

frame_table → every frame of a video with its index and time; frame → one of them, upright;
reader → frames that are provably the ones they claim to be; zones → one animal's part of the
frame; periods → which part of a video; session → several files filmed one after the other;
sampling → which frames to look at, and in which order.
"""

from amgs.video.frame import Frame
from amgs.video.periods import Period, parse_period
from amgs.video.reader import Video, open_video
from amgs.video.zones import Zone, parse_zone

__all__ = ["Frame", "Period", "Video", "Zone", "open_video", "parse_period", "parse_zone"]
