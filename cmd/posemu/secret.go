package main

import (
	"bytes"
	"os"

	"github.com/smartpos-go/terminal/fault"
)

// secretVariable holds the secret of a command that is not given --secret-file; an argument would be in every process list.
const secretVariable = "POSEMU_SECRET" //nolint:gosec // a name.

// givenSecret reads the secret of a command. A newline at the end of the file is no part of it.
func givenSecret(file string) ([]byte, error) {
	bad := func(detail string) ([]byte, error) {
		return nil, fault.New(fault.InvalidConfig, "posemu: secret", detail)
	}
	if file == "" {
		if secret := os.Getenv(secretVariable); secret != "" {
			return []byte(secret), nil
		}
		return bad("none is given: set " + secretVariable + " or --secret-file")
	}
	info, err := os.Stat(file)
	if err != nil {
		return bad("--secret-file cannot be read")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return bad("--secret-file must be readable by its owner alone: chmod 600")
	}
	text, err := os.ReadFile(file) //nolint:gosec // the user names the file.
	if err != nil {
		return bad("--secret-file cannot be read")
	}
	secret := bytes.TrimRight(text, "\r\n")
	if len(secret) == 0 {
		return bad("--secret-file is empty")
	}
	return secret, nil
}
