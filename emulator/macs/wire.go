package macs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// This file reads and writes JSON as the emulated MACS does: strict about types, indifferent to fields it does not know,
// names case-sensitive, no name twice. encoding/json alone is none of that.

// object is a JSON object whose values are not read yet.
type object map[string]json.RawMessage

var errShape = errors.New("not the JSON that is expected")

// readObject reads exactly one JSON object.
func readObject(text []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errShape
	}
	o := object{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errShape
		}
		if _, twice := o[name]; twice {
			return nil, errShape
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errShape
		}
		o[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errShape
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errShape
	}
	return o, nil
}

// text is a string field; ok is false when it is absent or of another type.
func (o object) text(name string) (value string, ok bool) {
	raw, there := o[name]
	if !there || len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	return value, true
}

// optional is a string field that may be absent.
func (o object) optional(name string) (value string, ok bool) {
	if _, there := o[name]; !there {
		return "", true
	}
	return o.text(name)
}

var integerText = regexp.MustCompile(`^-?[0-9]{1,15}$`)

// integer is a whole number without fraction or exponent.
func (o object) integer(name string) (value int64, ok bool) {
	raw := o[name]
	if !integerText.Match(raw) {
		return 0, false
	}
	value, err := strconv.ParseInt(string(raw), 10, 64)
	return value, err == nil
}

// refusal is an answer with an error code.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.code }

func no(status int, code, message string) error { return &refusal{status, code, message} }

func badRequest(message string) error {
	return no(http.StatusUnprocessableEntity, "INVALID_REQUEST", message)
}

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"errorCode":"INTERNAL"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func answerError(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{http.StatusInternalServerError, "INTERNAL", "the emulator failed"}
	}
	answer(w, r.status, map[string]string{"errorCode": r.code, "message": r.message})
}
