"""sting: one strategy, the same in backtest, on paper and live."""
