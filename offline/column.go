package offline

// SQLite keeps a value of any class in any column, and a flipped byte can change the class. These read what is there: a value of
// another class is damage of its row, never an error that stops everything.

type intColumn struct {
	value int64
	bad   bool
}

// Scan is sql.Scanner.
func (c *intColumn) Scan(value any) error {
	n, ok := value.(int64)
	c.value, c.bad = n, !ok
	return nil
}

type textColumn struct {
	value string
	bad   bool
}

// Scan is sql.Scanner.
func (c *textColumn) Scan(value any) error {
	text, ok := value.(string)
	c.value, c.bad = text, !ok
	return nil
}

type blobColumn struct {
	value []byte
	bad   bool
}

// Scan is sql.Scanner; the value is a copy.
func (c *blobColumn) Scan(value any) error {
	blob, ok := value.([]byte)
	c.value, c.bad = append([]byte{}, blob...), !ok
	return nil
}
