package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/offline"
)

const (
	listedPANs  = 4096
	sampleEvery = 2 * time.Millisecond
	warmRounds  = 9
)

// anotherSeed is between the seeds of two lists that follow each other.
const anotherSeed = 1_000_000

// syncStore syncs as shipped, twice, while checks go on and memory is watched.
func (t *terminal) syncStore(ctx context.Context) (report, error) {
	var r report
	pans := make([]string, listedPANs)
	for i := range pans {
		pans[i] = fmt.Sprintf("4%015d", i*7919)
	}
	download := func(seed uint64) (took int64, err error) {
		if err := t.admin.setWhitelist(ctx, pans, t.job.Hashes-listedPANs, seed); err != nil {
			return 0, err
		}
		w, err := t.watch(pans)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		result, err := t.store.Sync(ctx, t.macs, nil)
		took = int64(time.Since(began))
		if err == nil && result.Whitelist != t.job.Hashes {
			err = fmt.Errorf("the list has %d hashes, not %d", result.Whitelist, t.job.Hashes)
		}
		return took, errors.Join(err, w.end(&r))
	}
	var err error
	if r.First, err = download(t.job.Seed); err != nil {
		return r, err
	}
	if r.Sync, err = download(t.job.Seed + anotherSeed); err != nil {
		return r, err
	}
	if r.Warm, err = t.warmDecide(pans); err != nil {
		return r, err
	}
	r.Size, err = listSize(filepath.Join(t.job.Dir, "data"))
	return r, err
}

// decide is a check as the gate makes it. It must find the card listed, once there is a list: all have these PANs.
func (t *terminal) decide(pan []byte) error {
	hash, err := t.store.HashPAN(pan)
	if err != nil {
		return err
	}
	d, err := t.store.Decide(pan, hash)
	if err == nil && d.Reason != offline.InWhitelist && d.Reason != offline.ListMissing {
		err = fmt.Errorf("a listed card was decided as %s", d.Reason)
	}
	return err
}

// warmDecide is the median over rounds, each through every listed PAN.
func (t *terminal) warmDecide(pans []string) (int64, error) {
	var rounds []int64
	for range warmRounds + 1 {
		began := time.Now()
		for _, pan := range pans {
			if err := t.decide([]byte(pan)); err != nil {
				return 0, err
			}
		}
		rounds = append(rounds, int64(time.Since(began))/int64(len(pans)))
	}
	return median(rounds[1:]), nil // the first round warmed the cache
}

// watcher checks cards and looks at memory while something else runs.
type watcher struct {
	stop    chan struct{}
	done    sync.WaitGroup
	idle    int64
	peak    int64
	slowest time.Duration
	checks  int64
	err     [2]error
}

func (t *terminal) watch(pans []string) (*watcher, error) {
	debug.FreeOSMemory()
	idle, err := anonymousMemory()
	if err != nil {
		return nil, err
	}
	w := &watcher{stop: make(chan struct{}), idle: idle}
	w.every(&w.err[0], func() error {
		now, err := anonymousMemory()
		w.peak = max(w.peak, now)
		return err
	})
	w.every(&w.err[1], func() error {
		pan := []byte(pans[w.checks%int64(len(pans))])
		w.checks++
		began := time.Now()
		err := t.decide(pan)
		w.slowest = max(w.slowest, time.Since(began))
		return err
	})
	return w, nil
}

// every does work until the watcher ends or work fails.
func (w *watcher) every(failed *error, work func() error) {
	w.done.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			if *failed = work(); *failed != nil {
				return
			}
			select {
			case <-w.stop:
				return
			case <-tick.C:
			}
		}
	})
}

func (w *watcher) end(r *report) error {
	close(w.stop)
	w.done.Wait()
	r.Memory, r.Slowest, r.Checks = w.peak-w.idle, int64(w.slowest), w.checks
	return errors.Join(w.err[:]...)
}

// anonymousMemory is RssAnon of this process in bytes: what it holds apart from files, as SQLite's memory too.
func anonymousMemory() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "RssAnon:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("/proc/self/status has no RssAnon")
}

// listSize is the size of the one whitelist in a data folder.
func listSize(dir string) (int64, error) {
	files, err := filepath.Glob(filepath.Join(dir, "whitelist-*.db"))
	if err != nil {
		return 0, err
	}
	if len(files) != 1 {
		return 0, fmt.Errorf("%d whitelists in the data folder, not one", len(files))
	}
	return fileSize(files[0])
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
