package posstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// vector is the 129-byte acknowledgement of protocol section 10.
const vector = `{"source":"xenial","version":"1.0","msg_id":"ac0701e8-cd5e-4d41-9f33-1e0317568aab","msg_type":"register_client","msg_resp":"ack"}`

func TestTheVendorsFrameByteForByte(t *testing.T) {
	t.Parallel()
	m := message{Source: "xenial", Version: "1.0", ID: "ac0701e8-cd5e-4d41-9f33-1e0317568aab", Type: "register_client", Resp: "ack"}
	want := append([]byte{0x81, 0, 0, 0}, vector...)
	require.Equal(t, want, m.encode())

	texts, err := readAll(bytes.NewReader(want))
	require.NoError(t, err)
	got, err := readMessage(texts[0])
	require.NoError(t, err)
	require.Equal(t, m, got)
}

// readAll reads frames to the end of a stream; at a clean end the error is nil.
func readAll(r io.Reader) (texts [][]byte, err error) {
	f := newFrameReader(r)
	for {
		n, err := f.length()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return texts, err
		}
		text, err := f.body(n)
		if err != nil {
			return texts, err
		}
		texts = append(texts, bytes.Clone(text))
	}
}

func TestFramesComeWholeHoweverTheStreamIsCut(t *testing.T) {
	t.Parallel()
	var stream []byte
	var want [][]byte
	for i := range 1000 {
		text := bytes.Repeat([]byte{byte('a' + i%26)}, 1+i*7%500)
		want, stream = append(want, text), append(stream, frame(text)...)
	}
	for name, r := range map[string]io.Reader{
		"in one segment":     bytes.NewReader(stream),
		"one byte at a time": iotest.OneByteReader(bytes.NewReader(stream)),
		"by halves":          iotest.HalfReader(bytes.NewReader(stream)),
		"data with the end":  iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		got, err := readAll(r)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
}

func TestBadLengthsAreRefusedBeforeMemoryIsTaken(t *testing.T) {
	for name, length := range map[string]uint32{"0": 0, "1 MiB + 1": 1<<20 + 1, "2^31 - 1": 1<<31 - 1, "2^31": 1 << 31, "2^32 - 1": 1<<32 - 1} {
		head := binary.LittleEndian.AppendUint32(nil, length)
		f := newFrameReader(bytes.NewReader(append(head, "{}"...)))
		_, err := f.length()
		require.ErrorIs(t, err, fault.MessageInvalid, name)
	}
}

func TestMemoryFollowsTheBytesAndNotTheLength(t *testing.T) {
	head := binary.LittleEndian.AppendUint32(nil, maxFrame)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f := newFrameReader(bytes.NewReader(append(head, "{}"...)))
	n, err := f.length()
	require.NoError(t, err, "1 MiB is allowed")
	_, err = f.body(n)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<10), "bytes taken for a promise of 1 MiB")
}

func TestAFrameOfExactlyOneMebibyteIsRead(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte{'x'}, maxFrame)
	got, err := readAll(iotest.HalfReader(bytes.NewReader(append(frame(text), frame([]byte("next"))...))))
	require.NoError(t, err)
	require.Equal(t, [][]byte{text, []byte("next")}, got)
}

func TestAStreamThatEndsWithinAFrameIsNoCleanEnd(t *testing.T) {
	t.Parallel()
	whole := frame([]byte(vector))
	for cut := 1; cut < len(whole); cut++ {
		texts, err := readAll(bytes.NewReader(whole[:cut]))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d", cut)
		require.Empty(t, texts)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(frame([]byte(vector)))
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, '{', '}'})
	f.Add(append(frame([]byte("{}")), 1, 0, 0))
	f.Fuzz(func(t *testing.T, stream []byte) {
		texts, err := readAll(bytes.NewReader(stream))
		var again []byte
		for _, text := range texts {
			again = append(again, frame(text)...)
		}
		if err == nil {
			require.Equal(t, string(stream), string(again), "what was read is what was there")
		}
		require.True(t, strings.HasPrefix(string(stream), string(again)))
		slow, slowErr := readAll(iotest.OneByteReader(bytes.NewReader(stream)))
		require.Equal(t, texts, slow)
		require.Equal(t, err, slowErr)
	})
}
