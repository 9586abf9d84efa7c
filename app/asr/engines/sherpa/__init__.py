"""Models that an operator installs for sherpa-onnx. It computes on the CPU only."""
