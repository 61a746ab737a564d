"""The experiment: groups of animals against each other. The animal is the unit, never the image.

In the order of the work: design → the table of animals, checked; differences → change from
baseline; oneway → the paper's statistics; paired → animals against themselves; robust → the same
question without its assumptions; effects → how large; comparison → all of it as one document.
"""
