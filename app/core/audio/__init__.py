"""Sound as numpy arrays: decoding, resampling, G.711, chunking, WAV. Knows no model and no HTTP.

All of it computes, and blocks meanwhile: call it from a thread or a lane, never on the event loop.
"""
