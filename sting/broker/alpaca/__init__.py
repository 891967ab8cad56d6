"""Alpaca: American stocks and funds, on paper or for real."""
