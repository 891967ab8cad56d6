"""How the event log lies in its SQLite file."""

from sting.engine import segments

# 'stng', so that a database of someone else's is not taken for a log.
APPLICATION = 0x73746E67
VERSION = 1

SCHEMA = f"""
PRAGMA application_id={APPLICATION};
PRAGMA user_version={VERSION};
CREATE TABLE IF NOT EXISTS events(
    seq INTEGER PRIMARY KEY,
    timestamp INTEGER NOT NULL,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    symbol TEXT NOT NULL,
    cause INTEGER NOT NULL,
    data TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS checkpoints(
    seq INTEGER PRIMARY KEY,
    head BLOB NOT NULL,
    image BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS events_are_not_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is never changed'); END;
CREATE TRIGGER IF NOT EXISTS events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is never changed'); END;
"""
COLUMNS = segments.COLUMNS
INSERT = 'INSERT INTO events VALUES (?,?,?,?,?,?,?,?)'
NEWEST = 'SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1'

Row = segments.Row


def insert(rows: int) -> str:
    """Gives the statement that adds so many rows, their columns in a line."""
    return INSERT + ',(?,?,?,?,?,?,?,?)' * (rows - 1)
