"""Models run by OpenVINO: text by its continuous batching, labels by the same model driven by hand."""
