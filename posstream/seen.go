package posstream

import (
	"crypto/sha256"
	"sync"
)

// msgKey stands for a msg_id, whatever its length.
type msgKey [16]byte

func keyOf(msgID string) msgKey {
	sum := sha256.Sum256([]byte(msgID))
	return msgKey(sum[:16])
}

// seen remembers the last handled msg_ids of all connections, and those being handled now.
type seen struct {
	mu sync.Mutex
	// Guarded by mu: what was handled, the same in a ring in order, and a channel for each that is being handled.
	handled map[msgKey]struct{}
	ring    []msgKey
	at      int
	running map[msgKey]chan struct{}
}

// newSeen takes its memory at once, so that it does not grow with the day: twice the size, for a map keeps room for what was deleted.
func newSeen(size int) *seen {
	return &seen{handled: make(map[msgKey]struct{}, 2*size), ring: make([]msgKey, 0, size), running: map[msgKey]chan struct{}{}}
}

// claim reports that a message was handled before, or gives a channel that closes when another connection is through with it, or
// neither: then it is the caller's, who must call finish.
func (s *seen) claim(k msgKey) (before bool, running <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, before := s.handled[k]; before {
		return true, nil
	}
	if busy, ok := s.running[k]; ok {
		return false, busy
	}
	s.running[k] = make(chan struct{})
	return false, nil
}

// finish ends a claim. A message that was not handled may be claimed again.
func (s *seen) finish(k msgKey, handled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.running[k])
	delete(s.running, k)
	if !handled {
		return
	}
	if len(s.ring) < cap(s.ring) {
		s.ring = append(s.ring, k)
	} else {
		delete(s.handled, s.ring[s.at])
		s.ring[s.at] = k
		s.at = (s.at + 1) % len(s.ring)
	}
	s.handled[k] = struct{}{}
}
