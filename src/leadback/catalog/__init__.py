"""Statuses, sub-statuses, fields, return reasons and aliases."""
