package macs

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/state"
)

// valueWhitelist is where the state says which file is the whitelist.
const valueWhitelist = "macs.whitelist"

// whitelistFile is the rendered answer of whitelisted_pans: made once at PUT, sent as it is.
type whitelistFile struct {
	File   string `json:"file"`
	ETag   string `json:"etag"`
	Digest string `json:"digest"` // Content-Digest, RFC 9530
	Count  int64  `json:"count"`
}

// Generate asks for random hashes, the same for the same seed.
type Generate struct {
	Count int64
	Seed  uint64
}

func (s *Server) openWhitelist() error {
	text, err := s.state.Value(valueWhitelist)
	if err != nil {
		return err
	}
	if text == "" {
		_, err := s.SetWhitelist(context.Background(), func(*Draft) error { return nil })
		return err
	}
	if err := json.Unmarshal([]byte(text), &s.whitelist); err != nil {
		return fmt.Errorf("emulator: whitelist: %w", err)
	}
	return s.sweepWhitelists()
}

// sweepWhitelists removes the files of PUTs that a kill cut off.
func (s *Server) sweepWhitelists() error {
	left, err := filepath.Glob(filepath.Join(s.state.Dir(), "whitelist-*.json"))
	for _, path := range left {
		if filepath.Base(path) != s.whitelist.File {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if err != nil {
		return fmt.Errorf("emulator: whitelist: %w", err)
	}
	return nil
}

// SetWhitelist replaces the whitelist by what give puts into a draft, each hash once, in the order given, and the generated ones
// behind them. It gives their number. The old list is in force until the new one is on disk, and after an error.
func (s *Server) SetWhitelist(ctx context.Context, give func(*Draft) error) (count int64, err error) {
	draft, err := s.newDraft()
	if err != nil {
		return 0, err
	}
	defer func() { _ = draft.close() }()
	if err := give(draft); err != nil {
		return 0, err
	}
	made, err := s.render(ctx, draft)
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return 0, err
	}
	s.listMu.Lock()
	defer s.listMu.Unlock()
	if err := s.state.SetValue(valueWhitelist, string(text)); err != nil {
		return 0, err
	}
	if s.whitelist.File != "" {
		_ = os.Remove(filepath.Join(s.state.Dir(), s.whitelist.File)) // a download under way keeps its open file
	}
	s.whitelist = made
	return made.Count, nil
}

// render writes the answer's body to a file of its own, synced before it is named in the state.
func (s *Server) render(ctx context.Context, draft *Draft) (made whitelistFile, err error) {
	repeats, err := draft.repeats(ctx)
	if err != nil {
		return made, fmt.Errorf("emulator: whitelist: %w", err)
	}
	made = whitelistFile{File: "whitelist-" + uuid.NewString() + ".json", Count: int64(draft.rows) - repeats.count + draft.Generate.Count}
	file, err := os.OpenFile(filepath.Join(s.state.Dir(), made.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return made, fmt.Errorf("emulator: whitelist: %w", err)
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<20)
	_, _ = fmt.Fprintf(out, `{"generatedAt":%q,"count":%d,"hashes":[`, stamp(s.now()), made.Count)
	rows := rowWriter{out: out}
	err = draft.each(func(at uint32, hash *[hashBytes]byte) error {
		if !repeats.has(at) {
			rows.write(hash)
		}
		return nil
	})
	err = errors.Join(err, generate(ctx, &rows, draft.Generate))
	_, _ = out.WriteString("]}") // a bufio.Writer keeps its first error for Flush
	err = errors.Join(err, out.Flush(), file.Sync(), file.Close(), state.SyncFolder(s.state.Dir()))
	if err != nil {
		return made, fmt.Errorf("emulator: whitelist: %w", errors.Join(err, os.Remove(file.Name())))
	}
	digest := sum.Sum(nil)
	made.ETag = `"` + hex.EncodeToString(digest[:12]) + `"`
	made.Digest = "sha-256=:" + base64.StdEncoding.EncodeToString(digest) + ":"
	return made, nil
}

// generate writes hashes from a seeded generator; 256 random bits do not repeat. A server that stops does not wait for it.
func generate(ctx context.Context, rows *rowWriter, g Generate) error {
	var seed [32]byte
	copy(seed[:], "posemu whitelist")
	binary.LittleEndian.PutUint64(seed[24:], g.Seed)
	source := rand.NewChaCha8(seed)
	var hash [hashBytes]byte
	for i := range g.Count {
		if i%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		_, _ = source.Read(hash[:]) // never fails
		rows.write(&hash)
	}
	return nil
}

// rowWriter writes the elements of the array of hashes.
type rowWriter struct {
	out *bufio.Writer
	row []byte
}

func (w *rowWriter) write(hash *[hashBytes]byte) {
	if len(w.row) > 0 {
		w.row = append(w.row[:0], ',')
	}
	w.row = append(w.row, '"')
	w.row = append(hex.AppendEncode(w.row, hash[:]), '"')
	_, _ = w.out.Write(w.row) // a bufio.Writer keeps its first error for Flush
}

func (s *Server) whitelistedPANs(w http.ResponseWriter, r *http.Request, _ string, _ []byte) error {
	s.listMu.RLock()
	list := s.whitelist
	file, err := os.Open(filepath.Join(s.state.Dir(), list.File))
	s.listMu.RUnlock()
	if err != nil {
		return fmt.Errorf("emulator: whitelist: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("emulator: whitelist: %w", err)
	}
	if unchanged(w, r, list.ETag, list.Digest) {
		return nil
	}
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	w.WriteHeader(http.StatusOK)
	_, _ = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{file}, make([]byte, 256<<10)) // a client may hang up
	return nil
}

// unchanged answers 304 to a client that has this version, and sets the headers of a list.
func unchanged(w http.ResponseWriter, r *http.Request, etag, digest string) bool {
	w.Header().Set("ETag", etag)
	for given := range strings.SplitSeq(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if given = strings.TrimPrefix(strings.TrimSpace(given), "W/"); given == etag || given == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Digest", digest)
	return false
}

// BINRange is one range of protocol section 1.4, bounds as given.
type BINRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func (s *Server) binRanges(w http.ResponseWriter, r *http.Request, sn string, _ []byte) error {
	var ranges, at string
	err := s.state.Do(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT ranges, ranges_at FROM terminal WHERE sn = ?", sn).Scan(&ranges, &at)
	})
	if err != nil {
		return err
	}
	var list []BINRange
	if err := json.Unmarshal([]byte(ranges), &list); err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		GeneratedAt string     `json:"generatedAt"`
		Count       int        `json:"count"`
		Ranges      []BINRange `json:"ranges"`
	}{at, len(list), list})
	if err != nil {
		return err
	}
	content, sum := sha256.Sum256([]byte(ranges)), sha256.Sum256(body)
	if unchanged(w, r, `"`+hex.EncodeToString(content[:12])+`"`, "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":") {
		return nil
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}

// SetRanges replaces the BIN ranges of a terminal.
func (s *Server) SetRanges(sn string, ranges []BINRange) error {
	text, err := json.Marshal(ranges)
	if err != nil {
		return err
	}
	return s.state.Do(func(tx *sql.Tx) error {
		return one(tx.Exec("UPDATE terminal SET ranges = ?, ranges_at = ? WHERE sn = ?", string(text), stamp(s.now()), sn))
	})
}

// one turns an update of no row into ErrUnknown.
func one(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrUnknown)
	}
	return nil
}
