"""From labelled images to a trained head.

In the order of the work: sets → what humans labelled; features, augmentation → what the frozen
network sees; splits → who is held back; recipes, heads → what is trained; train → the whole way.
"""
