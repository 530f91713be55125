package mobile

import (
	"encoding/json"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/posstream"
)

// EventStream is a running client application of the POS Event Stream. Get one with StartEventStream; Stop it.
type EventStream struct{ client *posstream.Client }

// EventStreamListener is what the app gives to StartEventStream. Kotlin implements it. Receive is called from several threads, for
// each connection one notice after the other, in order.
type EventStreamListener interface {
	// Receive takes one notice: {"v":1,"kind":"listening","address"} first, then for each connection {"v":1,"kind":"connected|
	// enabled|event|refused|disconnected","peer","connection"}. An event has "msgId","msgType","data", refused has the POS's
	// own word as "code", disconnected the fault code that ended it, none when the POS closed it. "data" is the JSON that the POS
	// sent, null when it sent none. An event counts as handled,
	// and is acknowledged, when Receive returned within 4 s; after an exception or a longer time the connection is closed and
	// the POS sends the event again. It may come again after the app was killed, so handle it by its msgId.
	Receive(noticeJSON string) error
}

// StartEventStream listens for every POS on site. configJSON: {"listen":"HOST:PORT","keyId","rsa"?:"oaep-sha256|oaep-sha1|pkcs1",
// "aes"?:"cbc|gcm","allow"?:["192.168.1.0/24"],"tls"?:{"certificateFile","keyFile"},"baseDir"?}. secret is the integrator's, in
// UTF-8; it is cleared before the call returns. Whoever may connect is given the secret: without allow that is loopback alone.
// Errors: invalid_config (the message names the key), invalid_request without a listener, address_unavailable.
func StartEventStream(configJSON string, secret []byte, listener EventStreamListener) (s *EventStream, err error) {
	defer recovered("mobile: event stream", &err)
	defer clear(secret)
	if listener == nil {
		return nil, fault.New(fault.InvalidRequest, "mobile: event stream", "there is no listener")
	}
	options, err := parseStreamConfig(configJSON)
	if err != nil {
		return nil, err
	}
	options.Secret = secret
	options.Handler = func(n posstream.Notice) error { return listener.Receive(streamNotice(n)) }
	client, err := posstream.Listen(options)
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault.
	}
	return &EventStream{client: client}, nil
}

// Stop stops listening, lets a listener that runs end, closes every connection and clears the secret. When it has returned, the
// listener hears nothing more and is let go of. A second Stop waits for the first and does nothing. Errors: timeout when the listener
// does not return within 5 s, as when Stop is called from within it.
func (s *EventStream) Stop() (err error) {
	defer recovered("mobile: stop event stream", &err)
	if s.client == nil {
		return nil
	}
	return s.client.Close() //nolint:wrapcheck // a fault.
}

// Address is HOST:PORT as it is listened on, with the port that was found for port 0.
func (s *EventStream) Address() string {
	if s.client == nil {
		return ""
	}
	return s.client.Address()
}

// Status is what the stream does now, also after Stop: {"v":1,"address","connections":[{"peer","connection","state":"awaiting_init|
// registering|enabled|ended","since","events","duplicates","queued"}],"counters":{"connections","enabled","refused","notAllowed",
// "surplus","events","duplicates","slow"}}. Counters count since the start.
func (s *EventStream) Status() (status string, err error) {
	defer recovered("mobile: event stream status", &err)
	if s.client == nil {
		return "", fault.New(fault.Closed, "mobile: event stream status", "the stream was never started")
	}
	encoded, err := json.Marshal(streamStatus(s.client.Status()))
	if err != nil {
		return "", fault.Wrap(fault.Internal, "mobile: event stream status", err)
	}
	return string(encoded), nil
}
