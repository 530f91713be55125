package pgw

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Caller makes signed requests to a gateway as a merchant's backend among the emulated systems does, through its listener: faults,
// limits and the journal see them.
type Caller struct {
	BaseURL string
	Key     Credentials
	Client  *http.Client
	// Now is the time that is signed.
	Now func() time.Time
}

// Call sends a signed request; in is sent as JSON when it is not nil. It gives the answer whatever its status; an error is no answer,
// or one that was cut.
func (c Caller) Call(ctx context.Context, method, path, idempotencyKey string, in any) (status int, body []byte, err error) {
	var sent []byte
	if in != nil {
		if sent, err = json.Marshal(in); err != nil {
			return 0, nil, fmt.Errorf("emulator: call pgw: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, bytes.NewReader(sent))
	if err != nil {
		return 0, nil, fmt.Errorf("emulator: call pgw: %w", err)
	}
	at := strconv.FormatInt(c.Now().Unix(), 10)
	alone, _, _ := strings.Cut(path, "?")
	sum := signature(schemeNewline, keyOf(schemeNewline, c.Key.SecretKey), method, alone, at, sent)
	req.Header.Set("Authorization", "HMAC-SHA256 "+c.Key.APIKey+":"+at+":"+hex.EncodeToString(sum))
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", idempotencyKey)
	}
	resp, err := c.Client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("emulator: call pgw: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return 0, nil, fmt.Errorf("emulator: call pgw: %w", err)
	}
	return resp.StatusCode, body, nil
}
