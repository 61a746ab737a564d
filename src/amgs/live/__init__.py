"""Watching animals live: a camera is recorded, and every interval the best face is read.

The recording is made by a process of its own (`amgs.live.recorder`), so that nothing which goes
wrong in the reading costs a frame. The reading works on the files of the recording
(`amgs.live.following`): extracting them later gives the same images and numbers.
"""
