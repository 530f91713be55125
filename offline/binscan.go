package offline

import (
	"context"
	"fmt"
	"io"
)

// maxRanges bounds the BIN ranges, which are held in memory: 16 bytes each.
const maxRanges = 2_000_000

// panDigits is the length to which PANs and bounds are padded: the longest PAN.
const panDigits = 19

// interval is a BIN range after padding, both ends inclusive. 19 digits fit an uint64 but not an int64.
type interval struct{ lo, hi uint64 }

// scanRanges reads the body of fallback_bin_ranges (protocol section 1.4) into ranges in the order they come.
func scanRanges(ctx context.Context, body io.Reader, progress func(rows int64)) ([]interval, listHead, error) {
	s := rangeScanner{scanner: newScanner(ctx, "offline: read BIN ranges", body, maxRanges, progress)}
	head, err := s.document("ranges", s.row)
	return s.ranges, head, err
}

// rangeScanner reads the rows of the BIN ranges.
type rangeScanner struct {
	*scanner
	ranges []interval
}

func (s *rangeScanner) row() error {
	if c, err := s.next(); err != nil {
		return err
	} else if c != '{' {
		return s.invalidRow("a range is not an object")
	}
	var r interval
	var hasFrom, hasTo bool
	err := s.object(3, func(name []byte) (err error) {
		switch string(name) {
		case "from":
			r.lo, err = s.bound("from", hasFrom, '0')
			hasFrom = true
			return err
		case "to":
			r.hi, err = s.bound("to", hasTo, '9')
			hasTo = true
			return err
		}
		return s.skip(4)
	})
	switch {
	case err != nil:
		return err
	case !hasFrom || !hasTo:
		return s.invalidRow("from or to is missing")
	case r.lo > r.hi:
		return s.invalidRow(fmt.Sprintf("from (padded %0*d) is above to (padded %0*d)", panDigits, r.lo, panDigits, r.hi))
	}
	if err := s.counted(); err != nil {
		return err
	}
	s.ranges = append(s.ranges, r)
	return nil
}

func (s *rangeScanner) bound(name string, twice bool, pad byte) (uint64, error) {
	if twice {
		return 0, s.invalidRow(name + " comes twice")
	}
	if c, err := s.next(); err != nil {
		return 0, err
	} else if c != '"' {
		return 0, s.invalidRow(name + " is not a string")
	}
	text, fits, err := s.str()
	if err != nil {
		return 0, err
	}
	value, ok := padded(text, pad)
	if !fits || !ok {
		return 0, s.invalidRow(name + " is not 1 to 19 digits")
	}
	return value, nil
}

// padded is the value of 1 to 19 digits that are filled up to 19 with the digit pad.
func padded(digits []byte, pad byte) (value uint64, ok bool) {
	if len(digits) == 0 || len(digits) > panDigits {
		return 0, false
	}
	for _, c := range digits {
		if !isDigit(c) {
			return 0, false
		}
		value = value*10 + uint64(c-'0')
	}
	for range panDigits - len(digits) {
		value = value*10 + uint64(pad-'0')
	}
	return value, true
}
