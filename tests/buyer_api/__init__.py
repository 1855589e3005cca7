"""The buyers' channels, byte by byte."""
