package posstream

import "time"

// Everything in this file beside typeInit, typeRegister and respAck is open in protocol section 7 and a default of ours. An answer
// of the vendor changes this file and no other.

// Message types of the handshake; every other request is an event.
const (
	typeInit     = "init_client"
	typeRegister = "register_client"
)

// Values of msg_resp. Others are possible: a refused registration is told with the POS's own word.
const (
	respAck         = "ack"
	respNackDecrypt = "nack_decrypt"
	respNackFormat  = "nack_format"
)

// What this side says about itself.
const (
	wireSource  = "smartpos-terminal"
	wireVersion = "1.0"
)

// Sizes of the wire.
const (
	// maxFrame is the longest message, in bytes.
	maxFrame = 1 << 20
	// maxName is the longest msg_id, msg_type and msg_resp, in bytes: they are echoed, kept and shown.
	maxName = 256
	// minRSABits and maxRSABits bound a POS's key. 2048 is the default; a larger one only costs time.
	minRSABits = 2048
	maxRSABits = 4096
)

// dekSize is an AES-256 key, in bytes.
const dekSize = 32

// Times of the wire.
const (
	// stepTime is what each step of the handshake may take, and each write.
	stepTime = 10 * time.Second
	// frameTime is what the rest of a message may take once its length came.
	frameTime = 30 * time.Second
	// handlerTime is what a handler may take. A POS sends again after 5 s; closing before that tells it why.
	handlerTime = 4 * time.Second
	// closeTime is how long Close waits for handlers, partingTime how long it lets a POS take what was written to it.
	closeTime   = 5 * time.Second
	partingTime = 2 * time.Second
)

// How much this side takes on.
const (
	// maxConnections of all peers, those whose last handler still runs included.
	maxConnections = 1024
	// maxQueued events and maxQueuedBytes of one connection wait for its handler; maxQueuedTotal bytes of all, and one event more of
	// each.
	maxQueued      = 4096
	maxQueuedBytes = 8 << 20
	maxQueuedTotal = 64 << 20
	// itemSize is what an event takes beside its texts, in bytes.
	itemSize = 256
	// remembered msg_ids, over all connections.
	remembered = 65_536
)
