"""Who changed the configuration, when, from what to what."""
