"""Agents: who speaks in a call, and how; every change makes a version, which calls refer to."""
