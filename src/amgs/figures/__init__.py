"""Figures: one file each, data in and a figure with its data out; readable in grey.

table → which figures there are, and drawing those that fit; saving → the look they share, and
writing them; then one file per figure.
"""
