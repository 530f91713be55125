// Package strictjson reads JSON objects as the emulated systems do: strict about types, indifferent to fields they do not know,
// names case-sensitive, no name twice. encoding/json alone is none of that. An Object may be read by many goroutines.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
)

// Object is a JSON object whose values are not read yet.
type Object map[string]json.RawMessage

// ErrShape is what Read answers to everything that is not exactly one JSON object.
var ErrShape = errors.New("not the JSON that is expected")

// Read reads exactly one JSON object.
func Read(text []byte) (Object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, ErrShape
	}
	o := Object{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, ErrShape
		}
		if _, twice := o[name]; twice {
			return nil, ErrShape
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, ErrShape
		}
		o[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, ErrShape
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrShape
	}
	return o, nil
}

// Has reports whether there is a field of this name, null included.
func (o Object) Has(name string) bool {
	_, there := o[name]
	return there
}

// Text is a string field; ok is false when it is absent or of another type.
func (o Object) Text(name string) (value string, ok bool) {
	raw, there := o[name]
	if !there || len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	return value, true
}

// Optional is a string field that may be absent.
func (o Object) Optional(name string) (value string, ok bool) {
	if !o.Has(name) {
		return "", true
	}
	return o.Text(name)
}

var integerText = regexp.MustCompile(`^-?[0-9]{1,16}$`)

// maxInteger is the largest whole number that every JSON reader keeps exactly: 2^53-1.
const maxInteger = 1<<53 - 1

// Integer is a whole number without fraction or exponent, from -(2^53-1) to 2^53-1.
func (o Object) Integer(name string) (value int64, ok bool) {
	raw := o[name]
	if !integerText.Match(raw) {
		return 0, false
	}
	value, err := strconv.ParseInt(string(raw), 10, 64)
	return value, err == nil && -maxInteger <= value && value <= maxInteger
}

// List is a field that is a list.
func (o Object) List(name string) (values []json.RawMessage, ok bool) {
	raw := o[name]
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &values) != nil {
		return nil, false
	}
	return values, true
}

// Inner is a field that is an object.
func (o Object) Inner(name string) (inner Object, ok bool) {
	inner, err := Read(o[name])
	return inner, err == nil
}
