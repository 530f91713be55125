package pgw

// All times are Unix milliseconds. A client's key is what its scheme signs with: for the default scheme that is the hash of the
// secret, so that the secret itself is not kept.
const schema = `
CREATE TABLE IF NOT EXISTS pgw_client(
  api_key TEXT PRIMARY KEY, organisation TEXT NOT NULL, merchant_id TEXT NOT NULL, scheme TEXT NOT NULL, key TEXT NOT NULL,
  status TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pgw_origin(organisation TEXT, origin TEXT, PRIMARY KEY(organisation, origin)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pgw_merchant(
  organisation TEXT, id TEXT, code TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, stores TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY(organisation, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pgw_intent(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, organisation TEXT NOT NULL, merchant_id TEXT NOT NULL, status TEXT NOT NULL,
  amount INTEGER NOT NULL, currency TEXT NOT NULL, methods TEXT NOT NULL, mode TEXT NOT NULL, ref TEXT NOT NULL,
  order_id TEXT NOT NULL, store_id TEXT NOT NULL, terminal_id TEXT NOT NULL, description TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, token_void INTEGER NOT NULL DEFAULT 0, method TEXT NOT NULL DEFAULT '', provider TEXT NOT NULL DEFAULT '',
  provider_name TEXT NOT NULL DEFAULT '', provider_transaction_id TEXT NOT NULL DEFAULT '', qr TEXT NOT NULL DEFAULT '',
  capture TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', error_code TEXT NOT NULL DEFAULT '',
  UNIQUE(organisation, merchant_id, ref)
);
CREATE UNIQUE INDEX IF NOT EXISTS pgw_intent_provider ON pgw_intent(provider, provider_transaction_id) WHERE provider_transaction_id <> '';
CREATE INDEX IF NOT EXISTS pgw_intent_open ON pgw_intent(expires_at) WHERE status IN ('requires_payment_method', 'requires_action');
CREATE INDEX IF NOT EXISTS pgw_intent_organisation ON pgw_intent(organisation, seq);
CREATE TABLE IF NOT EXISTS pgw_transaction(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, intent_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS pgw_transaction_intent ON pgw_transaction(intent_id, seq);
CREATE TABLE IF NOT EXISTS pgw_idempotency(
  scope TEXT, key_hash BLOB, body_hash BLOB NOT NULL, status INTEGER NOT NULL, answer BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(scope, key_hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pgw_idempotency_age ON pgw_idempotency(at);
CREATE TABLE IF NOT EXISTS pgw_webhook(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, provider TEXT NOT NULL, transaction_id TEXT NOT NULL, status TEXT NOT NULL,
  amount INTEGER NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL,
  deliveries INTEGER NOT NULL DEFAULT 1, intent_id TEXT NOT NULL DEFAULT '', alert TEXT NOT NULL DEFAULT '', received_at INTEGER NOT NULL,
  processed_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS pgw_webhook_key ON pgw_webhook(provider, transaction_id, status);
CREATE INDEX IF NOT EXISTS pgw_webhook_due ON pgw_webhook(next_at) WHERE state = 'retrying';
CREATE TABLE IF NOT EXISTS pgw_delivery(
  seq INTEGER PRIMARY KEY, intent_id TEXT NOT NULL, provider TEXT NOT NULL, body BLOB NOT NULL, due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting'
);
CREATE INDEX IF NOT EXISTS pgw_delivery_due ON pgw_delivery(due_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS pgw_event(seq INTEGER PRIMARY KEY AUTOINCREMENT, intent_id TEXT NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL);
`
