"""Making the face detector: needs the extra `train` (torch, OpenCV) and marked photographs.

In the order of the work: photographs → what was marked, split by similarity; scenes → one training
image cut, turned and scaled; eyes → open eyes drawn shut; looks → light, colour, camera, bars;
targets → what the network should say; network, learner, stages, fit → the network and its training;
export → ONNX; measure → how good it is, by view and coat; worst → the faces on which it does worst,
to look at. `python -m finder_training --help` runs it.
"""
