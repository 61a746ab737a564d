"""Whether a folder lies on a network drive, where SQLite cannot be trusted with two writers."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

NETWORK = {
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.glusterfs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
    "orangefs", "pvfs2", "smb2", "smb3", "smbfs", "webdav",
}  # fmt: skip
"""Names of file systems that other machines serve, as Linux and macOS call them."""


@lru_cache(maxsize=64)
def network_drive_of(folder: Path) -> str:
    r"""Return what kind of network drive a folder lies on; an empty text for a local one.

    On Windows, ``remote``: a mapped drive, or a path such as ``\\server\share``.
    """
    import psutil

    place = str(folder.resolve())
    if os.name == "nt" and place.startswith("\\\\"):
        return "remote"
    best, kind = "", ""
    for part in psutil.disk_partitions(all=True):
        mount = part.mountpoint
        inside = place == mount or place.startswith(mount.rstrip("/\\") + os.sep)
        # What is mounted later, and deeper, lies over what was there.
        if inside and len(mount) >= len(best):
            remote = part.fstype.casefold() in NETWORK or "remote" in part.opts.split(",")
            best = mount
            kind = (part.fstype or "remote") if remote else ""
    return kind
