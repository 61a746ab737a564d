"""Figures: one file each, data in and a figure with its data out; readable in grey.

Adding a figure is one file with a function ``figure(data) -> Figure`` that returns the drawing
together with the columns and rows it shows.
"""
