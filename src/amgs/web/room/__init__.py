"""The blinded pages of raters: signing in, the training course, scoring."""
