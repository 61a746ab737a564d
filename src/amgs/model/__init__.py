"""Classifiers: a frozen network, a trained head, and numbers that say how good they are.

In the order of the work: training_set → what humans labelled; backbones, network, preprocess →
the frozen network; features, augment → what it sees; splits → who is held back; recipes, head →
what is trained; metrics, report_card, cautions → how good it is, and why not; bundle → the model
as a folder; evaluate → predictions against the truth.

Adding a backbone: `amgs.model.backbones`. Adding a recipe: `amgs.model.recipes`.
"""
