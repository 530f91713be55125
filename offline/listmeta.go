package offline

import (
	"database/sql/driver"
	"errors"
)

// listMeta describes the content of a list file.
type listMeta struct {
	// Count is distinct hashes, or ranges as received.
	Count int64
	// GeneratedAt is as sent, "" if absent; it only informs.
	GeneratedAt string
	// ETag is of the download, "" if there was none.
	ETag string
	// SHA256 is of the canonical content: the sorted distinct hashes, or the flattened intervals.
	SHA256 [32]byte
	// Received is rows as received.
	Received int64
}

// metaSchema is the part of the schema that both list files have.
const metaSchema = "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"

// writeMeta stores m and one number of the list's own.
func (c *listConn) writeMeta(m listMeta, own string, value int64) (err error) {
	insert, err := c.prepare("INSERT INTO meta(key, value) VALUES(?, ?)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.close()) }()
	for _, row := range []struct {
		key   string
		value driver.Value
	}{
		{"count", m.Count}, {"etag", m.ETag}, {"generated_at", m.GeneratedAt}, {"received", m.Received}, {"sha256", m.SHA256[:]},
		{own, value},
	} {
		if err := insert.exec(row.key, row.value); err != nil {
			return err
		}
	}
	return nil
}

// readMeta reads what writeMeta stored and refuses anything of another shape.
func (c *listConn) readMeta(op, own string) (m listMeta, value int64, err error) {
	query, err := c.prepare("SELECT key, value FROM meta")
	if err != nil {
		return m, 0, err
	}
	defer func() { err = errors.Join(err, query.close()) }()
	values := map[string]driver.Value{}
	row := make([]driver.Value, 2)
	err = query.each(row, func() error {
		if key, ok := row[0].(string); ok {
			values[key] = row[1]
		}
		return nil
	})
	if err != nil {
		return m, 0, err
	}
	var good [6]bool
	var digest []byte
	m.Count, good[0] = values["count"].(int64)
	m.ETag, good[1] = values["etag"].(string)
	m.GeneratedAt, good[2] = values["generated_at"].(string)
	m.Received, good[3] = values["received"].(int64)
	digest, good[4] = values["sha256"].([]byte)
	value, good[5] = values[own].(int64)
	if good != [6]bool{true, true, true, true, true, true} || m.Count < 0 || m.Received < m.Count || len(digest) != len(m.SHA256) {
		return m, 0, damaged(op, "the meta table is not as it was written")
	}
	m.SHA256 = [32]byte(digest)
	return m, value, nil
}
