package macs

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
)

const hashBytes = 32

// ErrHash says that a hash is not 64 lower-case hex digits.
var ErrHash = errors.New("a hash must be 64 lower-case hex digits")

// Draft is a whitelist that is being given, hash by hash. It keeps them in a file of the state folder that has no name, so that
// a list of any length takes the same memory. Not safe for concurrent use.
type Draft struct {
	// Generate is what comes behind the hashes given.
	Generate Generate

	server *Server
	file   *os.File
	out    *bufio.Writer
	rows   uint32
}

func (s *Server) newDraft() (*Draft, error) {
	file, err := s.unnamed()
	if err != nil {
		return nil, err
	}
	return &Draft{server: s, file: file, out: bufio.NewWriterSize(file, 1<<16)}, nil
}

// unnamed makes a file that is gone with its last user, however that ends.
func (s *Server) unnamed() (*os.File, error) {
	file, err := os.CreateTemp(s.state.Dir(), ".tmp-whitelist-*")
	if err != nil {
		return nil, fmt.Errorf("emulator: whitelist: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("emulator: whitelist: %w", errors.Join(err, file.Close()))
	}
	return file, nil
}

// PAN adds a card, as its hash.
func (d *Draft) PAN(pan string) error { return d.Hash(d.server.hashPAN(pan)) }

// Hash adds a hash of 64 lower-case hex digits, else it is ErrHash.
func (d *Draft) Hash(text string) error {
	var hash [hashBytes]byte
	if len(text) != hex.EncodedLen(hashBytes) || strings.ContainsAny(text, "ABCDEF") {
		return ErrHash
	}
	if _, err := hex.Decode(hash[:], []byte(text)); err != nil {
		return ErrHash
	}
	if d.rows == math.MaxUint32 {
		return errors.New("emulator: whitelist: too many hashes")
	}
	d.rows++
	_, err := d.out.Write(hash[:])
	return err
}

// each hands every hash to use, in the order given.
func (d *Draft) each(use func(at uint32, hash *[hashBytes]byte) error) error {
	if err := d.out.Flush(); err != nil {
		return err
	}
	in := bufio.NewReaderSize(io.NewSectionReader(d.file, 0, int64(d.rows)*hashBytes), 1<<16)
	var hash [hashBytes]byte
	for at := range d.rows {
		if _, err := io.ReadFull(in, hash[:]); err != nil {
			return err
		}
		if err := use(at, &hash); err != nil {
			return err
		}
	}
	return nil
}

func (d *Draft) close() error { return d.file.Close() }
