package offline

import (
	"fmt"
	"os"
)

// Sizes of a spill. Its memory is partitions × chunkBytes, whatever the length of the list.
const (
	partitions = 256 // by the first byte of a hash
	hashBytes  = 32
	chunkBytes = 4 << 10
)

// spill sorts a stream of hashes by their first byte into chunks of a temporary file, so that a list far larger than memory
// can be sorted piece by piece. The file has no name: the kernel frees it however the process ends. Not safe for concurrent
// use.
type spill struct {
	file    *os.File
	pending []byte // one chunk of every partition, being filled
	used    [partitions]int
	chunks  [partitions][]uint32 // numbers of the full chunks, in the file
	written uint32
}

// newSpill makes the file in dir: Android has no other place for it.
func newSpill(dir string) (*spill, error) {
	const op = "offline: make temporary file"
	file, err := os.CreateTemp(dir, "tmp-hashes-*")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return &spill{file: file, pending: make([]byte, partitions*chunkBytes)}, nil
}

func (s *spill) add(hash *[hashBytes]byte) error {
	p := int(hash[0])
	chunk := s.pending[p*chunkBytes : (p+1)*chunkBytes]
	copy(chunk[s.used[p]:], hash[:])
	s.used[p] += hashBytes
	if s.used[p] < chunkBytes {
		return nil
	}
	if _, err := s.file.WriteAt(chunk, int64(s.written)*chunkBytes); err != nil {
		return fmt.Errorf("offline: write temporary file: %w", err)
	}
	s.chunks[p] = append(s.chunks[p], s.written)
	s.written++
	s.used[p] = 0
	return nil
}

// rows is how many hashes the partitions from first up to but not including end hold.
func (s *spill) rows(first, end int) int64 {
	var rows int64
	for p := first; p < end; p++ {
		rows += int64(len(s.chunks[p]))*(chunkBytes/hashBytes) + int64(s.used[p]/hashBytes)
	}
	return rows
}

// each hands the hashes of the partitions from first up to but not including end to use, through buf of chunkBytes.
func (s *spill) each(first, end int, buf []byte, use func(hash *[hashBytes]byte)) error {
	for p := first; p < end; p++ {
		for _, number := range s.chunks[p] {
			if _, err := s.file.ReadAt(buf[:chunkBytes], int64(number)*chunkBytes); err != nil {
				return fmt.Errorf("offline: read temporary file: %w", err)
			}
			eachHash(buf, use)
		}
		eachHash(s.pending[p*chunkBytes:][:s.used[p]], use)
	}
	return nil
}

func eachHash(rows []byte, use func(hash *[hashBytes]byte)) {
	for ; len(rows) > 0; rows = rows[hashBytes:] {
		use((*[hashBytes]byte)(rows))
	}
}

func (s *spill) close() error { return s.file.Close() } //nolint:wrapcheck // nothing is lost with it.
