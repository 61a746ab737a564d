"""Frozen networks that turn a face image into features.

table → which there are; preprocessing → what they take; networks → running them; weights, download
→ published weights; graphs, inception → building one from weights.
"""
