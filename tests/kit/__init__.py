"""The tests of `leadback.kit`."""
