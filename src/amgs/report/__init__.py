"""Pages for people: self-contained HTML, no outside requests.

material → all that a report is made of, and where it comes from; flow → what was left out, step by
step; words → the Methods paragraph and the ARRIVE items; drawings → figures and faces; build → the
page.
"""
