package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// printForPeople writes a JSON answer as lines "name: value", in the answer's order; findings and parts are indented.
func printForPeople(out io.Writer, answer string) error {
	decoder := json.NewDecoder(strings.NewReader(answer))
	decoder.UseNumber()
	return printValue(out, decoder, "")
}

// printValue reads one object from the decoder. encoding/json's map would lose the order.
func printValue(out io.Writer, decoder *json.Decoder, indent string) error {
	if _, err := decoder.Token(); err != nil { // {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return err
		}
		if name == "v" {
			continue
		}
		if err := printField(out, indent, fmt.Sprint(name), raw); err != nil {
			return err
		}
	}
	_, err := decoder.Token() // }
	return err
}

func printField(out io.Writer, indent, name string, raw json.RawMessage) error {
	nested := func(text json.RawMessage) error {
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		return printValue(out, decoder, indent+"  ")
	}
	var items []json.RawMessage
	switch {
	case string(raw) == "null":
		_, err := fmt.Fprintf(out, "%s%s: –\n", indent, name)
		return err
	case raw[0] == '{':
		if _, err := fmt.Fprintf(out, "%s%s:\n", indent, name); err != nil {
			return err
		}
		return nested(raw)
	case raw[0] == '[' && json.Unmarshal(raw, &items) == nil:
		for _, item := range items {
			if err := printField(out, indent, strings.TrimSuffix(name, "s"), item); err != nil {
				return err
			}
		}
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	_, err := fmt.Fprintf(out, "%s%s: %s\n", indent, name, text)
	return err
}
