package posstream

import (
	"bufio"
	"encoding/binary"
	"io"
	"slices"

	"github.com/smartpos-go/terminal/fault"
)

// A frame is a length of 4 bytes, little-endian, its own bytes not counted, and that many bytes of JSON (protocol section 7.1).

// headerSize is the length field, in bytes.
const headerSize = 4

// Sizes of the reader's memory: it grows as bytes come, not as a length claims, and gives large buffers back.
const (
	firstRead = 4 << 10
	keptRead  = 64 << 10
)

// frameReader reads frames from a stream, however they are split or joined.
type frameReader struct {
	r   *bufio.Reader
	buf []byte
}

func newFrameReader(r io.Reader) *frameReader { return &frameReader{r: bufio.NewReader(r)} }

// length reads the next frame's length and refuses one that cannot be. At the end of the stream it is io.EOF, within a length
// io.ErrUnexpectedEOF.
func (f *frameReader) length() (int, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(f.r, header[:]); err != nil {
		return 0, err //nolint:wrapcheck // classified by the session.
	}
	// Compared before it becomes an int: on 32 bits 2^31 would be negative.
	n := binary.LittleEndian.Uint32(header[:])
	if n == 0 || n > maxFrame {
		return 0, fault.New(fault.MessageInvalid, "posstream: read frame", "a message has 1 byte to 1 MiB")
	}
	return int(n), nil
}

// body reads the frame of that length. The bytes are good until the next call. On an error there are none.
func (f *frameReader) body(n int) ([]byte, error) {
	if cap(f.buf) > keptRead {
		f.buf = nil
	}
	buf := f.buf[:0]
	for len(buf) < n {
		have := len(buf)
		step := min(n-have, max(have, firstRead))
		buf = slices.Grow(buf, step)[:have+step]
		if _, err := io.ReadFull(f.r, buf[have:]); err != nil {
			return nil, unexpected(err)
		}
	}
	f.buf = buf
	return buf, nil
}

// unexpected is the end of a stream within a frame.
func unexpected(err error) error {
	if err == io.EOF { //nolint:errorlint // io.ReadFull's own.
		return io.ErrUnexpectedEOF
	}
	return err
}

// frame puts the length before a message.
func frame(text []byte) []byte {
	framed := make([]byte, headerSize, headerSize+len(text))
	binary.LittleEndian.PutUint32(framed, uint32(len(text))) //nolint:gosec // ours are far below maxFrame.
	return append(framed, text...)
}
