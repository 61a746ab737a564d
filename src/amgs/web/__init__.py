"""The scoring room as local web pages.

In the order of reading: contexts → all that a page may know; guard → who may send what; state →
what pages share; room → the blinded pages of raters; lab → the owner's pages; app → all of them as
one program; serving → address and keys.
"""
