"""The scoring room as local web pages.

In the order of reading: contexts → all that a page may know; guard → who may send what; app → the
program, with signing_in, scoring, course and owner as its pages; serving → address and keys.
"""
