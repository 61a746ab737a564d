"""Names of the input and output of every backbone graph; apart, so that running needs no onnx."""

INPUT_NAME = "images"
OUTPUT_NAME = "features"
