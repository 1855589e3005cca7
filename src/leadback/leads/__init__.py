"""Leads, sales and the ledger of everything that was reported about them."""
