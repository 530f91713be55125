package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const (
	million    = 1_000_000
	tenMillion = 10 * million
)

// syncs measures everything about lists of 1 M and 10 M hashes: one emulator in this process, and for each measurement a
// terminal in a fresh one.
func syncs(ctx context.Context, o options, _ measured, emit func(row)) (err error) {
	world, envFile, err := startWorld(ctx, o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	number := uint64(0)
	measure := func(kind string, hashes int64, runs int) (all []report, err error) {
		for range runs {
			number++
			serial := fmt.Sprintf("BENCH%03d", number)
			j := job{Kind: kind, EnvFile: envFile, Dir: filepath.Join(o.dir, serial), Serial: serial, Hashes: hashes, Seed: number}
			r, err := j.perform(ctx, o.log)
			if err != nil {
				return nil, err
			}
			all = append(all, r)
		}
		return all, nil
	}
	var s syncReports
	for _, m := range []struct {
		into   *[]report
		kind   string
		hashes int64
		runs   int
	}{
		{&s.ours1, kindStore, million, 3},
		{&s.staging1, kindStaging, million, 3},
		{&s.naive1, kindNaive, million, 1},
		{&s.ours10, kindStore, tenMillion, 3},
		{&s.staging10, kindStaging, tenMillion, 1},
	} {
		if *m.into, err = measure(m.kind, m.hashes, m.runs); err != nil {
			return err
		}
	}
	if o.full {
		if s.naive10, err = measure(kindNaive, tenMillion, 1); err != nil {
			return err
		}
	}
	for _, r := range s.rows() {
		emit(r)
	}
	return nil
}

type syncReports struct{ ours1, ours10, staging1, staging10, naive1, naive10 []report }

func (s syncReports) rows() []row {
	took := func(r report) int64 { return r.Sync }
	ours1, ours10 := of(s.ours1, took), of(s.ours10, took)
	seconds := func(ns int64) string { return duration(time.Duration(ns)) }
	naive10 := faster("sync 10 M / naive: 1 M times 10, an extrapolation", ours10, 10*of(s.naive1, took), 25, seconds).unjudged()
	if len(s.naive10) > 0 {
		naive10 = faster("sync 10 M / naive", ours10, of(s.naive10, took), 25, seconds)
	}
	rows := []row{
		faster("sync 1 M / naive", ours1, of(s.naive1, took), 25, seconds),
		faster("sync 1 M / sorted staging table", ours1, of(s.staging1, took), 3, seconds),
		within("sync 1 M", ours1, int64(time.Second), seconds),
		naive10,
		faster("sync 10 M / sorted staging table", ours10, of(s.staging10, took), 3, seconds),
		within("sync 10 M", ours10, int64(8*time.Second), seconds),
		within("sync 10 M, memory above idle", of(s.ours10, func(r report) int64 { return r.Memory }), 32<<20, mebibytes),
	}
	first1 := of(s.ours1, func(r report) int64 { return r.First })
	firstNaive1 := of(s.naive1, func(r report) int64 { return r.First })
	slowest := of(s.ours10, func(r report) int64 { return r.Slowest })
	checks := of(s.ours10, func(r report) int64 { return r.Checks })
	size := func(r report) int64 { return r.Size }
	return append(rows,
		// Nothing is required of the next two: a terminal's first list, and that checks do not wait for a sync.
		faster("sync 1 M, the very first / naive into an empty table", first1, firstNaive1, 0, seconds).unjudged(),
		within(fmt.Sprintf("slowest of %d checks during a sync of 10 M", checks), slowest, 0, seconds).unjudged(),
		faster("list size, 1 M / TEXT primary key", of(s.ours1, size), of(s.naive1, size), 4, mebibytes),
		within("warm check (HashPAN and Decide), 10 M", of(s.ours10, func(r report) int64 { return r.Warm }), 10_000, seconds),
	)
}

// of is the median of one figure over runs.
func of(reports []report, figure func(report) int64) int64 {
	values := make([]int64, len(reports))
	for i, r := range reports {
		values[i] = figure(r)
	}
	return median(values)
}
