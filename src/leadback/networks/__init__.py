"""The tenant: its zone, currency, settings and version counter."""
