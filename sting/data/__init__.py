"""Market data: tables, files, calendars, the sample, generated bars, feeds."""
