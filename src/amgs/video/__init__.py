"""Films: exact frames, the zones that hold animals, and which frames are worth a look.

frame_table → every picture of a film with its index and time; picture → one of them, upright;
reader → pictures that are provably the ones they claim to be; zones → one animal's part of the
frame; sampling → which frames to look at, and in which order.
"""

from amgs.video.picture import Picture
from amgs.video.reader import Film, open_film
from amgs.video.zones import Zone, parse_zone

__all__ = ["Film", "Picture", "Zone", "open_film", "parse_zone"]
