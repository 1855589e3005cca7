"""Everyone a lead comes from or goes to."""
