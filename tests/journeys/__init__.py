"""Whole jobs, from an empty folder to a number in a report."""
