"""Whether sets of images differ as wholes, before a difference is called pain.

measures → brightness, contrast, sharpness and size, animal by animal; sets → structural similarity
within and between sets.
"""
