package main

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/smartpos-go/terminal/backend/pgw/merchant"
)

// compare says whether the other side's canonical string, signature or header is ours, and if not which part of the request
// differs, as far as that can be told.
func compare(scheme merchant.Scheme, secret merchant.Secret, id string, m merchant.Message, expect string) (equal bool, difference, hint string) {
	expect = strings.Trim(expect, "\r\n")
	header := strings.TrimSpace(strings.TrimPrefix(expect, "Authorization:"))
	if theirs, timestamp, signature, err := merchant.ParseHeader(header); err == nil {
		switch {
		case timestamp != m.Timestamp:
			return false, "timestamp", ""
		case theirs != id: // it is not signed, and yet says whose secret the other side looks for
			return false, "", "it is sent for another id than --id"
		}
		return compareSignature(scheme, secret, m, signature)
	}
	if parts, ok := takeApart(scheme, expect); ok {
		return compareParts(scheme, m, parts)
	}
	return compareSignature(scheme, secret, m, strings.TrimSpace(expect))
}

// takeApart splits a canonical string: method, path, timestamp and body or its hash. Line feeds may be written as \n.
func takeApart(scheme merchant.Scheme, text string) (parts []string, ok bool) {
	separator := "\n"
	if scheme == merchant.Colon {
		separator = ":"
	} else if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	parts = strings.SplitN(text, separator, 4)
	return parts, len(parts) == 4 && strings.HasPrefix(parts[1], "/")
}

func compareParts(scheme merchant.Scheme, m merchant.Message, theirs []string) (equal bool, difference, hint string) {
	ours, _ := takeApart(scheme, scheme.Canonical(m))
	names := []string{"method", "path", "timestamp", "body"}
	for i, name := range names {
		if theirs[i] == ours[i] {
			continue
		}
		switch {
		case name == "path" && strings.Contains(theirs[i], "?"):
			hint = "the query is not signed"
		case name == "method" && strings.EqualFold(theirs[i], ours[i]):
			hint = "the method is signed in upper case"
		case name == "timestamp" && len(theirs[i]) == 13:
			hint = "the time is in seconds, not milliseconds"
		case name == "body" && strings.EqualFold(theirs[i], ours[i]):
			hint = "the hash of the body is written in lower case"
		case name == "body":
			hint = "not the same bytes: look for spaces, escapes, a line feed at the end, or another encoding"
		}
		return false, name, hint
	}
	return true, "", ""
}

// compareSignature can only say whether it is ours; of one that is not it tries the mistakes that are made most.
func compareSignature(scheme merchant.Scheme, secret merchant.Secret, m merchant.Message, theirs string) (equal bool, difference, hint string) {
	if scheme.Verify(secret, m, theirs) {
		return true, "", ""
	}
	for _, other := range []merchant.Scheme{merchant.Newline, merchant.NewlineRaw, merchant.Colon} {
		if other != scheme && other.Verify(secret, m, theirs) {
			return false, "", "it is signed by the scheme " + string(other)
		}
	}
	digest := sha256.Sum256([]byte(secret))
	if merchant.NewlineRaw.Verify(merchant.Secret(digest[:]), m, theirs) {
		return false, "", "it is keyed with the 32 bytes of the secret's hash; the key is the hash as 64 hex characters"
	}
	for _, seconds := range []int64{-1, 1} {
		moved := m
		moved.Timestamp += seconds
		if scheme.Verify(secret, moved, theirs) {
			return false, "timestamp", "it is signed for " + strconv.FormatInt(moved.Timestamp, 10)
		}
	}
	return false, "", "another secret, or a part of the request differs: compare the canonical strings"
}
