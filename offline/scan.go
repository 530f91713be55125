package offline

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/smartpos-go/terminal/fault"
)

// Bounds of a list's body: whatever a server sends, a scan keeps one buffer, one short text and a shallow stack.
const (
	scanBuffer     = 64 << 10
	maxText        = 512 // encoded bytes of a text that is looked at; 64 characters as \u escapes fit
	maxDepth       = 64  // of objects and arrays, the outermost counted
	maxGeneratedAt = 64  // bytes
	maxCountDigits = 18
)

// progressEvery is how many rows lie between two calls of a progress function.
const progressEvery = 64 << 10

// listHead is what a list's body says beside its rows.
type listHead struct {
	generatedAt string
	rows        int64 // as received
}

// scanner reads the JSON of a list (protocol section 1.4) from a stream. It accepts what encoding/json accepts, with exact
// member names, no known member twice and the bounds above. What breaks these rules is invalid_list; an error of the body is
// passed on wrapped, for a cut connection is not a damaged list.
type scanner struct {
	ctx      context.Context // a scanner lives for one call
	op       string
	body     io.Reader
	rowLimit int64
	progress func(rows int64)

	buf      []byte // buf[pos:end] is unread
	pos, end int
	before   int64 // bytes of the body before buf[0]
	err      error // why nothing more comes
	text     []byte
	rows     int64
}

func newScanner(ctx context.Context, op string, body io.Reader, rowLimit int64, progress func(rows int64)) *scanner {
	return &scanner{
		ctx: ctx, op: op, body: body, rowLimit: rowLimit, progress: progress,
		buf: make([]byte, scanBuffer), text: make([]byte, 0, maxText),
	}
}

// document reads the one object of a body. row reads one element of the array under rowsName and calls counted.
func (s *scanner) document(rowsName string, row func() error) (listHead, error) {
	var head listHead
	var hasRows, hasGeneratedAt bool
	count := int64(-1)
	if c, err := s.next(); err != nil {
		return head, err
	} else if c != '{' {
		return head, s.invalid("not a JSON object")
	}
	err := s.object(1, func(name []byte) (err error) {
		switch string(name) {
		case rowsName:
			if hasRows {
				return s.invalid(rowsName + " comes twice")
			}
			hasRows = true
			return s.rowArray(rowsName, row)
		case "count":
			if count >= 0 {
				return s.invalid("count comes twice")
			}
			count, err = s.count()
			return err
		case "generatedAt":
			if hasGeneratedAt {
				return s.invalid("generatedAt comes twice")
			}
			hasGeneratedAt = true
			head.generatedAt, err = s.generatedAt()
			return err
		}
		return s.skip(2)
	})
	if err == nil {
		err = s.finish()
	}
	head.rows = s.rows
	switch {
	case err != nil:
		return head, err
	case !hasRows:
		return head, s.invalid(rowsName + " is missing")
	case count >= 0 && count != s.rows:
		return head, s.invalid(fmt.Sprintf("count is %d, but %d rows came", count, s.rows))
	}
	return head, nil
}

func (s *scanner) rowArray(name string, row func() error) error {
	if c, err := s.next(); err != nil {
		return err
	} else if c != '[' {
		return s.invalid(name + " is not an array")
	}
	return s.array(2, row)
}

// counted counts a row that was read.
func (s *scanner) counted() error {
	s.rows++
	if s.rows > s.rowLimit {
		return s.invalid(fmt.Sprintf("more than %d rows", s.rowLimit))
	}
	if s.progress != nil && s.rows%progressEvery == 0 {
		s.progress(s.rows)
	}
	return nil
}

func (s *scanner) count() (int64, error) {
	c, err := s.next()
	if err != nil {
		return 0, err
	}
	if c == '-' || isDigit(c) {
		if err := s.number(); err != nil {
			return 0, err
		}
		if n, err := strconv.ParseUint(string(s.text), 10, 63); err == nil && len(s.text) <= maxCountDigits {
			return int64(n), nil //nolint:gosec // 63 bits.
		}
	}
	return 0, s.invalid("count is not a whole number of rows")
}

// generatedAt only informs, so what is no string, or a long one, is left out and spoils no list.
func (s *scanner) generatedAt() (string, error) {
	c, err := s.next()
	if err != nil {
		return "", err
	}
	if c != '"' {
		return "", s.skip(2)
	}
	text, fits, err := s.str()
	if err != nil || !fits || len(text) > maxGeneratedAt {
		return "", err
	}
	return string(text), nil
}

// finish sees to it that the body ends, without an error of its own, where the object ends.
func (s *scanner) finish() error {
	_, err := s.next()
	switch {
	case err == nil:
		return s.invalid("more text after the end of the list")
	case s.err == io.EOF: //nolint:errorlint // a wrapped io.EOF is a failed read.
		return nil
	}
	return err
}

// object reads the members of an object whose brace is next. The name of a member is nil when it is too long to be known; it
// is good until member reads on.
func (s *scanner) object(depth int, member func(name []byte) error) error {
	return s.elements(depth, '}', func() error {
		if c, err := s.next(); err != nil {
			return err
		} else if c != '"' {
			return s.invalid("a member name is expected")
		}
		name, fits, err := s.str()
		if err != nil {
			return err
		}
		if !fits {
			name = nil
		}
		if c, err := s.next(); err != nil {
			return err
		} else if c != ':' {
			return s.invalid("a colon is expected")
		}
		s.pos++
		return member(name)
	})
}

// array reads the elements of an array whose bracket is next.
func (s *scanner) array(depth int, element func() error) error {
	return s.elements(depth, ']', element)
}

func (s *scanner) elements(depth int, closing byte, element func() error) error {
	if depth > maxDepth {
		return s.invalid(fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	s.pos++
	c, err := s.next()
	if err != nil {
		return err
	}
	if c == closing {
		s.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if c, err = s.next(); err != nil {
			return err
		}
		s.pos++
		switch c {
		case closing:
			return nil
		case ',':
		default:
			s.pos--
			return s.invalid("a comma or the end of the array or object is expected")
		}
	}
}

// skip reads over a value of an unknown member.
func (s *scanner) skip(depth int) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	switch {
	case c == '{':
		return s.object(depth, func([]byte) error { return s.skip(depth + 1) })
	case c == '[':
		return s.array(depth, func() error { return s.skip(depth + 1) })
	case c == '"':
		_, _, err := s.str()
		return err
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.invalid("a value is expected")
}

// invalid is the fault of a body that breaks the rules. detail never repeats what the body holds of a hash.
func (s *scanner) invalid(detail string) error {
	return fault.New(fault.InvalidList, s.op, fmt.Sprintf("byte %d: %s", s.before+int64(s.pos), detail))
}

// invalidRow is the fault of the row being read; the first is row 1.
func (s *scanner) invalidRow(detail string) error {
	return s.invalid(fmt.Sprintf("row %d: %s", s.rows+1, detail))
}
