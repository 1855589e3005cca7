"""Leadback tells a lead network what became of every lead it sold."""

__version__ = "0.1.0"
