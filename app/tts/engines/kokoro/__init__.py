"""Kokoro-82M: text to durations, pitch and sound."""
