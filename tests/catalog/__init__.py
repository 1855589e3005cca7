"""The vocabulary in which buyers report."""
