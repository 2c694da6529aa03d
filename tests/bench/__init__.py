"""Measurements: how exact and how fast, against other tools, in one process and one run."""
