"""Whisper on ONNX: speech of one utterance to words, in about a hundred languages."""
