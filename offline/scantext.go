package offline

import (
	"encoding/json"
	"fmt"
	"io"
)

// fill reads on until n unread bytes are at hand, at most the size of the buffer; false when the body ends before.
func (s *scanner) fill(n int) bool {
	s.before += int64(s.pos)
	s.end = copy(s.buf, s.buf[s.pos:s.end])
	s.pos = 0
	for idle := 0; s.end < n && s.err == nil; {
		if s.err = s.ctx.Err(); s.err != nil {
			break
		}
		var read int
		read, s.err = s.body.Read(s.buf[s.end:])
		s.end += read
		if idle++; read > 0 {
			idle = 0
		} else if s.err == nil && idle == 100 { // as bufio: a reader that never delivers must not spin for ever
			s.err = io.ErrNoProgress
		}
	}
	return s.end >= n
}

// ended says why no byte is left.
func (s *scanner) ended() error {
	if s.err == io.EOF { //nolint:errorlint // a wrapped io.EOF is a failed read.
		return s.invalid("the text ends too early")
	}
	return fmt.Errorf("%s: read body: %w", s.op, s.err)
}

// next skips white space and shows the byte after it.
func (s *scanner) next() (byte, error) {
	for {
		for ; s.pos < s.end; s.pos++ {
			if c := s.buf[s.pos]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
				return c, nil
			}
		}
		if !s.fill(1) {
			return 0, s.ended()
		}
	}
}

// take reads one byte.
func (s *scanner) take() (byte, error) {
	if s.pos == s.end && !s.fill(1) {
		return 0, s.ended()
	}
	c := s.buf[s.pos]
	s.pos++
	return c, nil
}

// keep adds a byte to the text; false when it is full.
func (s *scanner) keep(c byte) bool {
	if len(s.text) == cap(s.text) {
		return false
	}
	s.text = append(s.text, c)
	return true
}

// str reads a string whose quote is next. Its text is good until the next read; fits is false when it is longer than is kept.
func (s *scanner) str() (text []byte, fits bool, err error) {
	s.text, fits = s.text[:0], true
	plain := true
	for {
		c, err := s.take()
		if err != nil {
			return nil, false, err
		}
		opening := len(s.text) == 0
		fits = s.keep(c) && fits
		switch {
		case opening:
		case c == '"':
			if !fits || plain {
				return s.text[1 : len(s.text)-1], fits, nil
			}
			if text, err = decoded(s.text); err != nil {
				return nil, false, s.invalid("a string is damaged")
			}
			return text, true, nil
		case c < ' ':
			return nil, false, s.invalid("a control character within a string")
		case c == '\\':
			plain = false
			escaped, err := s.escape()
			if err != nil {
				return nil, false, err
			}
			fits = escaped && fits
		case c >= 0x80: // decoded mends what is not UTF-8, as encoding/json does
			plain = false
		}
	}
}

// escape reads what follows a backslash.
func (s *scanner) escape() (fits bool, err error) {
	c, err := s.take()
	if err != nil {
		return false, err
	}
	fits = s.keep(c)
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return fits, nil
	case 'u':
	default:
		return false, s.invalid("an unknown escape within a string")
	}
	for range 4 {
		if c, err = s.take(); err != nil {
			return false, err
		}
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false, s.invalid("a damaged escape within a string")
		}
		fits = s.keep(c) && fits
	}
	return fits, nil
}

// number reads a number of any length; its beginning is left in text.
func (s *scanner) number() error {
	s.text = s.text[:0]
	s.accept("-")
	if !s.accept("0") {
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.accept(".") {
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.accept("eE") {
		s.accept("+-")
		return s.digits()
	}
	return nil
}

// digits reads one digit or more.
func (s *scanner) digits() error {
	const all = "0123456789"
	if !s.accept(all) {
		if s.pos == s.end {
			return s.ended()
		}
		return s.invalid("a digit is expected")
	}
	for s.accept(all) {
	}
	return nil
}

// accept reads one byte if it is one of set.
func (s *scanner) accept(set string) bool {
	if s.pos == s.end && !s.fill(1) {
		return false
	}
	c := s.buf[s.pos]
	for i := range len(set) {
		if set[i] == c {
			s.keep(c)
			s.pos++
			return true
		}
	}
	return false
}

func (s *scanner) literal(word string) error {
	for i := range len(word) {
		c, err := s.take()
		if err != nil {
			return err
		}
		if c != word[i] {
			return s.invalid("a value is expected")
		}
	}
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// decoded is a JSON string, quotes included, as text.
func decoded(quoted []byte) ([]byte, error) {
	var text string
	err := json.Unmarshal(quoted, &text)
	return []byte(text), err //nolint:wrapcheck // becomes invalid_list.
}
