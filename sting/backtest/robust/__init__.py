"""Tests that speak against a backtest, and the ledger of trials."""
