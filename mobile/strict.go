package mobile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// exactKeys refuses what encoding/json lets into a struct: a key that is unknown or in another case, a key twice, and null. It
// names the key and never a value. Other types than the struct's are left to json.Unmarshal.
func exactKeys(object []byte, of reflect.Type, path string) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil //nolint:nilerr // json.Unmarshal says what it is.
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err //nolint:wrapcheck // named by jsonProblem.
		}
		key, _ := token.(string)
		name := path + key
		field, known := fieldOf(of, key)
		switch {
		case !known:
			return fmt.Errorf("%s is not a known key", name)
		case seen[key]:
			return fmt.Errorf("%s is there twice", name)
		}
		seen[key] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err //nolint:wrapcheck // named by jsonProblem.
		}
		if string(value) == "null" {
			return fmt.Errorf("%s must not be null", name)
		}
		if field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		if field.Kind() == reflect.Struct {
			if err := exactKeys(value, field, name+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldOf is the type of the field with this very JSON name.
func fieldOf(of reflect.Type, key string) (reflect.Type, bool) {
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if name != "" && name == key {
			return of.Field(i).Type, true
		}
	}
	return nil, false
}

// jsonProblem names the key and never a value: it may be a secret or a card number.
func jsonProblem(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		what, _, _ := strings.Cut(kind.Value, " ") // "number 5555…" repeats the value
		return fmt.Sprintf("%s has a wrong type: a %s", kind.Field, what)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("broken JSON at byte %d", syntax.Offset)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
