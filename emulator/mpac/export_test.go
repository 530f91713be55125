package mpac

import "time"

// Hurry makes a server's sockets impatient, so that tests need not wait as long as clients may.
func (s *Server) Hurry(hello, silence, write, closing time.Duration) {
	s.channel.patience.hello, s.channel.patience.silence = hello, silence
	s.channel.patience.write, s.channel.patience.closing = write, closing
	s.channel.patience.look = 5 * time.Millisecond
}
