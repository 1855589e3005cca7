"""Measures: what Leadback does in a second, beside the plainest way to do the same on the same machine."""
