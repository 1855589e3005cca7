"""Verticals, offers, affiliates, campaigns, buyers and buyer contracts."""
