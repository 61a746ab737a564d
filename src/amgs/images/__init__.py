"""Images in: which files, what is in them, and which look alike.

reading → one file as an array, whatever its format; listing → which files a folder holds;
similarity → near-duplicates.
"""

from amgs.images.listing import FoundImage, count_images, find_images, list_unread_formats
from amgs.images.reading import read_image
from amgs.images.similarity import find_near_duplicates, perceptual_hash

__all__ = [
    "FoundImage",
    "count_images",
    "find_images",
    "find_near_duplicates",
    "list_unread_formats",
    "perceptual_hash",
    "read_image",
]
