package mpac

// schema is everything that outlives a restart. Times are Unix seconds, those of events milliseconds.
const schema = `
CREATE TABLE IF NOT EXISTS mpac_key(
  kid TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, der BLOB NOT NULL, retired INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS mpac_device(
  device_id TEXT PRIMARY KEY, sn TEXT NOT NULL UNIQUE, client_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, public_key BLOB NOT NULL,
  status TEXT NOT NULL, merchant_id INTEGER NOT NULL DEFAULT 0, store_id INTEGER NOT NULL DEFAULT 0,
  code TEXT NOT NULL, code_expires INTEGER NOT NULL, activated_by TEXT NOT NULL DEFAULT '',
  last_token TEXT NOT NULL DEFAULT '', last_connected TEXT NOT NULL DEFAULT '', battery INTEGER, paper TEXT NOT NULL DEFAULT '',
  last_seq INTEGER NOT NULL DEFAULT 0, last_ack INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mpac_device_code ON mpac_device(code) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS mpac_jti(client_id TEXT, jti TEXT, until INTEGER NOT NULL, PRIMARY KEY(client_id, jti)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mpac_jti_until ON mpac_jti(until);
CREATE TABLE IF NOT EXISTS mpac_row(
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, merchant_id INTEGER NOT NULL, store_id INTEGER NOT NULL, number INTEGER NOT NULL,
  parent TEXT NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mpac_row_store ON mpac_row(kind, merchant_id, store_id, number);
CREATE INDEX IF NOT EXISTS mpac_row_parent ON mpac_row(parent, kind);
CREATE TABLE IF NOT EXISTS mpac_idempotency(
  merchant_id INTEGER, store_id INTEGER, caller TEXT, key TEXT, request BLOB NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(merchant_id, store_id, caller, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mpac_qr(
  payment_id TEXT PRIMARY KEY, merchant_id INTEGER NOT NULL, store_id INTEGER NOT NULL, since INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mpac_event(
  device_id TEXT, seq INTEGER, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, event TEXT NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY(device_id, seq)
) WITHOUT ROWID;
`
