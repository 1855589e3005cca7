"""What the network sees: one file a report."""
