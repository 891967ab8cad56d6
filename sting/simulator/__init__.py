"""One simulated market, for the backtest and for the paper broker."""
