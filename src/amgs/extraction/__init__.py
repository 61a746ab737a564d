"""Which frames become face images: from videos to one image per interval and animal.

In the order of the work: recordings → which videos hold which animals; checks → what is checked
before a long run; candidates → the frames examined in an interval, why each was rejected, and the
best; extract → the whole way; journal → what was done, so that a killed run goes on; tables → what
is left; sleep → when an animal may have slept; preview → zones and faces on one frame.
"""
