package intentbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// readObject reads one JSON object by exact names; encoding/json would take "Status" for "status", and the last of two.
func readObject(text []byte) (map[string]json.RawMessage, error) {
	switch {
	case len(text) == 0:
		return nil, errors.New("it is empty")
	case len(text) > MaxText:
		return nil, fmt.Errorf("it has more than %d bytes", MaxText)
	case !utf8.Valid(text):
		return nil, errors.New("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	fields := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errors.New("it is broken JSON")
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return nil, errors.New("it is broken JSON")
		}
		if _, twice := fields[name]; twice {
			return nil, errors.New("a field stands in it twice")
		}
		fields[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errors.New("it is broken JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind its JSON object")
	}
	return fields, nil
}

// textField reads a string; absent and null are "" and not there.
func textField(fields map[string]json.RawMessage, name string) (value string, there bool, err error) {
	raw, there := fields[name]
	if !there || string(raw) == "null" {
		return "", false, nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", true, fmt.Errorf("%s is no text", name)
	}
	return value, true, nil
}

// wholeField reads an integer as it is written: 1e3 and 5.0 are none.
func wholeField(fields map[string]json.RawMessage, name string) (int64, error) {
	n, err := strconv.ParseInt(string(fields[name]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no whole number", name)
	}
	return n, nil
}
