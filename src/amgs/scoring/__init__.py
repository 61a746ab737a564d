"""Human scores: reading them, and how far raters agree.

ratings → long tables of answers; reliability → the coefficients; agreement → all of it as one
document.
"""
