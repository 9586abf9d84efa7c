"""Parley: one process that hears, speaks, sees, thinks and makes calls for many organizations."""

VERSION = "0.1.0"
