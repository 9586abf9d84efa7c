"""The small model of the house: llama.cpp in a process of its own."""
