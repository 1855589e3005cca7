"""Buyers' keys."""
