"""Classifiers: a frozen network, a trained head, and numbers that say how good they are.

backbones → the frozen networks; training → from labelled images to a head; metrics, card,
card_warnings → how good it is, and what a reader must know; bundle → the model as a folder;
evaluate → predictions against the truth.

Adding a backbone: `amgs.model.backbones.table`. Adding a recipe: `amgs.model.training.recipes`.
"""
