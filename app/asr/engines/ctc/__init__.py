"""Recognizers of CTC models: any ONNX graph that a card describes."""
