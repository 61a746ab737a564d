"""Videos: exact frames, the zones that hold animals, and which frames are worth a look.

frame_table → every frame of a video with its index and time; frame → one of them, upright;
reader → frames that are provably the ones they claim to be; zones → one animal's part of the
frame; sampling → which frames to look at, and in which order.
"""

from amgs.video.frame import Frame
from amgs.video.reader import Video, open_video
from amgs.video.zones import Zone, parse_zone

__all__ = ["Frame", "Video", "Zone", "open_video", "parse_zone"]
