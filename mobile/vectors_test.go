package mobile

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/deviceauth"
	"github.com/smartpos-go/terminal/entry"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/intentbridge"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/posstream"
	"github.com/smartpos-go/terminal/ws"
)

var updateVectors = flag.Bool("update", false, "rewrite testdata/vectors")

const vectorsDir = "testdata/vectors"

var (
	vectorTime   = time.Date(2026, 1, 28, 10, 2, 0, 0, time.UTC)
	vectorAccess = "7f1c1e0a-3c53-4f44-9d0b-6a3f0d6e2b11"
	vectorPrint  = "SHA256:uNvHQ8gKzFhYdS2aJgP0yqkT2oZs9d1mK4cX7b5eR3w"
)

// answers holds one value for each shape that the facade gives. Go and Kotlin read the same files of them.
func answers() map[string]any {
	listed := entry.Decision{Listed: true, ListVersion: "18", ListAge: 90*time.Minute + 1500*time.Millisecond}
	offlineAllowed, offlineDenied := listed, listed
	offlineAllowed.Outcome, offlineAllowed.Mode, offlineAllowed.Reason = entry.Allowed, offline.Offline, entry.Reason(offline.InBINRange)
	offlineAllowed.Action, offlineAllowed.AccessID, offlineAllowed.MaxGuests = entry.ActionNone, vectorAccess, 3
	offlineAllowed.ExpiresAt, offlineAllowed.Message, offlineAllowed.OnlineError = vectorTime, "Access granted.", fault.NetworkUnavailable
	offlineAllowed.ListAge, offlineAllowed.ListOld = 27*time.Hour, true
	offlineDenied.Outcome, offlineDenied.Mode, offlineDenied.Reason = entry.Denied, offline.Offline, entry.Reason(offline.RecentRefusal)
	offlineDenied.Action, offlineDenied.Code, offlineDenied.OnlineError = entry.ActionNone, fault.LimitExceeded, fault.Timeout
	offlineDenied.Message = "This card was refused within the last 24 hours."

	synced := offline.SyncResult{Whitelist: 1_000_000, BINRanges: 2, Changed: true, Version: "18", GeneratedAt: "2026-01-28T03:00:00Z"}
	sent := offline.UploadResult{Uploaded: 4, Quarantined: 1, Pending: 2}
	lists := offline.ListStatus{
		Present: true, Whitelist: 1_000_000, BINRanges: 2, Version: "18", Age: 90 * time.Minute, NextSyncDue: vectorTime.Add(24 * time.Hour),
	}
	pendingCode := deviceauth.Activation{
		Status: mpac.ActivationPending, Code: "12345678", ExpiresAt: vectorTime, DeviceID: vectorAccess, ClientID: "dev-7f1c1e0a", PollEvery: 5 * time.Second,
	}
	active := deviceauth.Activation{Status: mpac.ActivationActive, DeviceID: vectorAccess, ClientID: "dev-7f1c1e0a", MerchantID: 1, StoreID: 2}
	withDevice := statusAnswer("SN-0001", "unpaired", offline.Counts{}, offline.ListStatus{NextSyncDue: vectorTime})
	withDevice.withDevice(active, []mpac.Pending{{Key: vectorAccess, Method: "POST", Path: "/api/v1/payments", Body: "{}", StartedAt: vectorTime}}, 2, 1)
	return map[string]any{
		"device-key":         deviceKeyAnswer(deviceauth.PublicKey{PEM: "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n", X: "x", Y: "y"}, vectorPrint),
		"activation-pending": activationAnswer(pendingCode),
		"activation-active":  activationAnswer(active),
		"activation-expired": activationAnswer(deviceauth.Activation{Status: mpac.ActivationExpired}),
		"token":              tokenJSON{V: 1, ExpiresAt: rfc3339(vectorTime), Scope: []string{"order:create", "bill:create"}, AccessToken: "header.claims.signature"},
		"call":               callAnswer(mpac.Answer{Status: 201, Body: []byte(`{"id":"o-1","total_amount":1280}`), Key: vectorAccess}),
		"call-get":           callAnswer(mpac.Answer{Status: 200, Body: []byte(`{"items":[]}`)}),
		"call-empty":         callAnswer(mpac.Answer{Status: 204, Key: vectorAccess}),
		"call-text":          callAnswer(mpac.Answer{Status: 502, Body: []byte("<html>busy</html>"), Key: vectorAccess}),
		"status-device":      withDevice,
		"readiness-device": readinessJSON{V: 1, Ready: false, Findings: []finding{
			ok("device_key", "The device's key is good, or not needed yet."),
			blocking("not_activated", "The device is not activated.", fault.NotActivated.Info().Text),
			ok("clock", "The device's clock is right as far as is known."),
			ok("journal", "Nothing waits for upload."),
		}},

		"pair":   pairJSON{V: 1, Status: "paired", SerialNumber: "SN-0001", KeyFingerprint: vectorPrint},
		"unpair": pairJSON{V: 1, Status: "unpaired"},
		"verdict-allowed-online": verdict(entry.Decision{
			Outcome: entry.Allowed, Mode: offline.Online, Reason: entry.ReasonServer, Action: entry.ActionNone, AccessID: vectorAccess,
			MaxGuests: 0, ExpiresAt: vectorTime, Message: "Access granted.",
		}),
		"verdict-allowed-offline": verdict(offlineAllowed),
		"verdict-denied-online": verdict(entry.Decision{
			Outcome: entry.Denied, Mode: offline.Online, Reason: entry.ReasonServer, Action: entry.ActionPresentCardAgain,
			Code: fault.CardASIFailed, Message: fault.CardASIFailed.Info().Text,
		}),
		"verdict-denied-offline": verdict(offlineDenied),
		"verdict-denied-newer-server": verdict(entry.Decision{
			Outcome: entry.Denied, Mode: offline.Online, Reason: entry.ReasonServer, Action: entry.ActionNone,
			Code: "WEATHER_TOO_BAD", Message: "Closed because of the storm.",
		}),
		"verdict-unknown": verdict(entry.Decision{
			Outcome: entry.Unknown, Mode: offline.Online, Action: entry.ActionNone, OnlineError: fault.Timeout, Message: fault.Timeout.Info().Text,
		}),
		"confirm-confirmed": confirmJSON{V: 1, Outcome: "confirmed", Mode: offline.Offline, AccessID: vectorAccess, Guests: 2},
		"confirm-unknown":   confirmJSON{V: 1, Outcome: "unknown", Mode: offline.Online, AccessID: vectorAccess, Guests: 2},
		"void":              voidJSON{V: 1, Outcome: "voided", AccessID: vectorAccess},
		"sync":              syncAnswer(synced),
		"upload":            uploadAnswer(sent),
		"run-due":           dueAnswer(offline.DueResult{Sync: &synced, Upload: &sent}, vectorTime),
		"run-due-nothing":   dueAnswer(offline.DueResult{}, vectorTime),
		"status":            statusAnswer("SN-0001", "paired", offline.Counts{Pending: 2, Unknown: 1, Quarantined: 1}, lists),
		"status-unpaired":   statusAnswer("SN-0001", "unpaired", offline.Counts{}, offline.ListStatus{NextSyncDue: vectorTime}),
		"readiness": readinessJSON{V: 1, Ready: false, Findings: []finding{
			blocking("not_paired", "The terminal is not paired.", "Get a pairing code in the admin panel and pair the terminal."),
			warning("list_missing", "There are no lists for offline decisions.", "Sync the terminal."),
			ok("clock", "The device's clock agrees with the server's."),
		}},
		"notice-online":          readNotice(ws.Notice{Kind: ws.NoticeOnline}),
		"notice-offline":         readNotice(ws.Notice{Kind: ws.NoticeOffline, Code: fault.NetworkUnavailable}),
		"notice-offline-final":   readNotice(ws.Notice{Kind: ws.NoticeOffline, Code: fault.Replaced, Final: true}),
		"notice-resync-required": readNotice(ws.Notice{Kind: ws.ResyncRequired}),
		"notice-event": readNotice(ws.Notice{Kind: ws.NoticeEvent, Event: ws.Event{
			ID: "01KG8Z3F0V9T6Q4N2M8X7C5B1A", Seq: 7, Name: "payment.updated",
			Payload: json.RawMessage(`{"payment_id":"` + vectorAccess + `","bill_id":"` + vectorAccess + `","status":"completed"}`),
		}}),
		"run-due-cards": dueJSON{V: 1, Cards: &cardsDueJSON{Recorded: 2, Unrecorded: 1}},
		"intent":        intentJSON{V: 1, Intent: vectorIntent()},
		"handover":      handover(vectorIntent(), "pi_01KG8Z3F0V9T6Q4N2M8X7C5B1A_secret_0123456789abcdef0123456789abcdef", vectorTime.Add(-5*time.Minute)),
		"card-launch": launchAnswer(intentbridge.Launch{
			CorrID: vectorCorrID, Package: intentbridge.Package, Class: intentbridge.Class, Extras: map[string]string{
				"request":     `{"corr_id":"` + vectorCorrID + `","amount":1280,"classificationCode":5,"authorizationID":"AUTH01","terminal_id":"` + vectorAccess + `"}`,
				"terminal_id": vectorAccess,
			},
		}),
		"card-result-success": cardResultAnswer(intentbridge.Payment{
			CorrID: vectorCorrID, PaymentID: vectorAccess, Result: intentbridge.Result{
				Status: intentbridge.Success, ApprovalCode: "012345", CardSlipNumber: "00123", CardLast4: "0042", Unknown: map[string]string{"card_brand": `"VISA"`},
			},
		}),
		"card-result-declined": cardResultAnswer(intentbridge.Payment{
			CorrID: vectorCorrID, Result: intentbridge.Result{Status: intentbridge.Declined, ErrorMessage: "Call the issuer."},
		}),
		"card-pending":         pendingCardsAnswer(vectorCards()),
		"card-pending-nothing": pendingCardsAnswer(nil, nil),
		"card-resolved":        resolvedCardJSON{V: 1, CorrID: vectorCorrID, Status: intentbridge.Declined},
		"card-recorded":        recordAnswer(intentbridge.Payment{CorrID: vectorCorrID, PaymentID: vectorAccess, State: intentbridge.Recorded, Result: intentbridge.Result{Status: intentbridge.Success}}, ""),
		"card-record-waiting":  recordAnswer(intentbridge.Payment{CorrID: vectorCorrID, PaymentID: vectorAccess, State: intentbridge.Recording, Result: intentbridge.Result{Status: intentbridge.Success}}, fault.NetworkUnavailable),
		"export":               exportJSON{V: 1, Entries: 3, File: "/data/export.json"},
		"error-info":           json.RawMessage(ErrorInfo(fault.New(fault.NotPaired, "pairing: sign", "pair the terminal first"))),

		"stream-listening":    json.RawMessage(streamNotice(posstream.Notice{Kind: posstream.Listening, Address: "192.168.1.10:7000"})),
		"stream-connected":    streamVector(posstream.Notice{Kind: posstream.Connected}),
		"stream-enabled":      streamVector(posstream.Notice{Kind: posstream.NoticeEnabled}),
		"stream-event":        streamVector(posstream.Notice{Kind: posstream.Event, MsgID: vectorAccess, MsgType: "create_order", Data: json.RawMessage(`{"order_id":"O-1","total":450}`)}),
		"stream-refused":      streamVector(posstream.Notice{Kind: posstream.Refused, Response: "nack_auth"}),
		"stream-disconnected": streamVector(posstream.Notice{Kind: posstream.Disconnected, Code: fault.ListenerSlow}),
		"stream-status": streamStatus(posstream.Status{
			Address: "192.168.1.10:7000",
			Connections: []posstream.Connection{{
				Peer: "192.168.1.21:50312", Number: 3, State: posstream.Enabled, Since: vectorTime, Events: 12, Duplicates: 1, Queued: 2,
			}},
			Counters: posstream.Counters{Connections: 5, Enabled: 3, Refused: 1, NotAllowed: 2, Surplus: 0, Events: 40, Duplicates: 1, Slow: 1},
		}),
	}
}

const vectorCorrID = "CORR-5-1769594520000"

func vectorIntent() pgw.Intent {
	return pgw.Intent{
		ID: "pi_01KG8Z3F0V9T6Q4N2M8X7C5B1A", Status: pgw.RequiresAction, Amount: 1280, Currency: "JPY", MerchantRefID: vectorAccess,
		PaymentMethodTypes: []string{"qr_mpm"}, ProcessingMode: "pgw_processed", PaymentMethodType: "qr_mpm", Provider: "PAYPAY",
		ProviderTransactionID: "PAYPAY-TXN-456", QRContent: "https://qr.example/1", QRCodeURL: "https://qr.example/1",
		CreatedAt: vectorTime.Add(-30 * time.Minute), ExpiresAt: vectorTime, UpdatedAt: vectorTime.Add(-29 * time.Minute),
	}
}

func vectorCards() (open, unrecorded []intentbridge.Payment) {
	open = []intentbridge.Payment{{CorrID: vectorCorrID, State: intentbridge.Open, Amount: 1280, PaymentID: vectorAccess, StartedAt: vectorTime}}
	unrecorded = []intentbridge.Payment{{
		CorrID: "CORR-5-1769594520001", State: intentbridge.Recording, Amount: 500, PaymentID: vectorAccess, StartedAt: vectorTime, ClosedAt: vectorTime,
		Result: intentbridge.Result{Status: intentbridge.Success}, RecordError: fault.NetworkUnavailable,
	}}
	return open, unrecorded
}

func readNotice(n ws.Notice) json.RawMessage { return json.RawMessage(noticeJSON(n)) }

// streamVector is a notice of one connection of the event stream.
func streamVector(n posstream.Notice) json.RawMessage {
	n.Peer, n.Connection = "192.168.1.21:50312", 3
	return json.RawMessage(streamNotice(n))
}

// requests are what the facade takes.
var requests = []string{"config", "config-device", "config-pgw", "card", "card-request", "stream-config"}

func TestEveryAnswerHasItsVector(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for name, value := range answers() {
		known[name+".json"] = true
		compact, err := json.Marshal(value)
		require.NoError(t, err)
		var want bytes.Buffer
		require.NoError(t, json.Indent(&want, compact, "", "  "))
		want.WriteByte('\n')
		file := filepath.Join(vectorsDir, name+".json")
		if *updateVectors {
			require.NoError(t, os.WriteFile(file, want.Bytes(), 0o600))
		}
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, want.String(), string(got), "%s: the JSON that apps read changed; if it is meant, run go test ./mobile -update", name)
	}
	for _, name := range requests {
		known[name+".json"] = true
	}
	files, err := os.ReadDir(vectorsDir)
	require.NoError(t, err)
	for _, f := range files {
		require.True(t, known[f.Name()], "%s is the vector of nothing", f.Name())
	}
}

func TestTheRequestVectorsAreTaken(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(vectorsDir, "config.json"))
	require.NoError(t, err)
	c, err := parseConfig(string(text), true)
	require.NoError(t, err)
	require.Equal(t, 7*time.Second, c.online)
	require.Equal(t, 25*time.Hour, c.warnAge)
	require.Equal(t, 50*time.Hour, c.maxAge)
	require.Equal(t, 0, *c.Offline.MaxGuests, "zero is a value, not the default")
	require.Equal(t, []int{500, 1}, []int{*c.Offline.MaxPending, *c.Offline.PerCardPerDay})
	require.True(t, c.Offline.AllowForce)
	require.True(t, c.Card.SkipLuhn)
	require.Equal(t, "macs-whitelist-app", c.WhitelistKey)

	text, err = os.ReadFile(filepath.Join(vectorsDir, "config-device.json"))
	require.NoError(t, err)
	c, err = parseConfig(string(text), false)
	require.NoError(t, err)
	require.Nil(t, c.MACS)
	require.Equal(t, deviceConfig{
		BaseURL: "https://api.example:8443/base", WSURL: "wss://ws.example/socket", SystemRoots: true, TokenURL: "https://login.example/token",
		Audience: "https://login.example", ClientID: "pos-1", BodyFormat: "form", Scope: []string{"order:create", "payment:refund"}, Name: "Till 1",
	}, *c.Device)

	text, err = os.ReadFile(filepath.Join(vectorsDir, "config-pgw.json"))
	require.NoError(t, err)
	c, err = parseConfig(string(text), false)
	require.NoError(t, err)
	require.Equal(t, pgwConfig{BaseURL: "https://api.pgw.example:8443/base", SystemRoots: true, Bearer: true}, *c.PGW)

	text, err = os.ReadFile(filepath.Join(vectorsDir, "card-request.json"))
	require.NoError(t, err)
	request, paymentID, err := readCardRequest(string(text))
	require.NoError(t, err)
	require.Equal(t, intentbridge.Request{Amount: 1280, ClassificationCode: 5, AuthorizationID: "AUTH01"}, request)
	require.Equal(t, vectorAccess, paymentID)

	text, err = os.ReadFile(filepath.Join(vectorsDir, "card.json"))
	require.NoError(t, err)
	card, mode, err := readCard(text)
	require.NoError(t, err)
	require.Equal(t, entry.RequireOnline, mode)
	text, err = os.ReadFile(filepath.Join(vectorsDir, "stream-config.json"))
	require.NoError(t, err)
	stream, err := parseStreamConfig(string(text))
	require.NoError(t, err)
	require.Equal(t, posstream.Options{
		Listen: "0.0.0.0:7000", KeyID: "INT-0001", RSA: posstream.OAEPSHA1, AES: posstream.GCM,
		Allow: []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24"), netip.MustParsePrefix("10.1.2.3/32")},
	}, stream)
	require.Equal(t, entry.Card{PAN: []byte("5555555555554444"), Expiry: "2812", Service: "LOUNGE", EntryMode: "CHIP"}, card)
}

// shape is the keys of a JSON object with the types of their values, nested ones too.
func shape(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var of func(any) any
	of = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			keys := map[string]any{}
			for key, inner := range v {
				keys[key] = of(inner)
			}
			return keys
		case []any:
			return "array"
		case string:
			return "string"
		case float64:
			return "number"
		case bool:
			return "boolean"
		}
		return "null"
	}
	return of(value).(map[string]any)
}

// likeVector says that an answer has the keys and types of a vector.
func likeVector(t *testing.T, name, answer string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorsDir, name+".json"))
	require.NoError(t, err)
	require.Equal(t, shape(t, string(text)), shape(t, answer), "%s: %s", name, strings.TrimSpace(answer))
}
