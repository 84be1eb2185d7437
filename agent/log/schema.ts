// The tables of log.db, version 1. Everything that must survive is here; everything here is written by one writer.

export const schemaVersion = 1;

export const schema = `
-- What this log is: format, logName, epoch, vkey. Written once.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- One row per commit that appended entries. Entry i of the batch has index first+i and is at byte 118·i of entries.
-- records holds what the entries came from, in their order: u32 record length, u16 count of its entries, 16-byte salt, record.
CREATE TABLE batches (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, entries BLOB NOT NULL, records BLOB NOT NULL) STRICT;

-- One row per subject, from its enrolment entry at index enrolled.
CREATE TABLE channels (
	id INTEGER PRIMARY KEY, urn TEXT NOT NULL UNIQUE, secret BLOB NOT NULL, subject BLOB NOT NULL UNIQUE,
	quantity INTEGER NOT NULL, exponent INTEGER NOT NULL, enrolled INTEGER NOT NULL
) STRICT;

-- One row per channel, batch and device session: its first entry's index, how many, the first one's number, the range of its repeat keys and times.
-- A key is the device's sequence in its session, or measuredAt; keys lists them as 6 bytes each where they are not measuredAt.
-- keyTop is the largest key of the session up to and with this row.
-- A time is measuredAt, or arrivedAt where the device claims none.
CREATE TABLE spans (
	channel INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, number INTEGER NOT NULL,
	session TEXT, keyMin INTEGER, keyMax INTEGER, keyTop INTEGER, keys BLOB, timeMin INTEGER NOT NULL, timeMax INTEGER NOT NULL,
	PRIMARY KEY (channel, first)
) STRICT, WITHOUT ROWID;

-- C2SP tiles above level 0: up to 256 hashes of complete subtrees of 256^level leaves each. Level 0 is derived from entries.
CREATE TABLE tiles (level INTEGER NOT NULL, tile INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, tile)) STRICT;

-- The newest checkpoint.
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL) STRICT;

-- Refused arrivals with their raw bytes, oldest evicted first.
CREATE TABLE quarantine (
	id INTEGER PRIMARY KEY AUTOINCREMENT, arrivedAtMs INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, record BLOB NOT NULL
) STRICT;

-- Counts since the log was created: refused:REASON (arrivals), also-refused:REASON (further readings of such an arrival), repeats, evicted,
-- gaps (jumps of a device's numbering), silences, steps:CLASS (of registers: reset, rollover, noise, exception), corrections.
CREATE TABLE counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Small rows that other rooms keep behind this writer: the anchor outbox (kind anchor), the newest beacon (kind beacon), what a device's counters are
-- called (kind counter).
CREATE TABLE documents (kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
`;
