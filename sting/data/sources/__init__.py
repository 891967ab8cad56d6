"""Where market data come from: one file a source, one interface for all."""
