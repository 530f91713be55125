package offline

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// requireTwoLists: besides the lists in force no list file and nothing half built is in the folder.
func requireTwoLists(t *testing.T, s *Store) {
	t.Helper()
	files, err := os.ReadDir(s.options.Dir)
	require.NoError(t, err)
	var lists []string
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), journalFile) && file.Name() != "lock" {
			lists = append(lists, file.Name())
		}
	}
	require.ElementsMatch(t, []string{s.lists.Whitelist.File, s.lists.BINRanges.File}, lists)
}

// TestSync: 304 and the same content under another ETag keep the version and renew the age; other content changes it.
func TestSync(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	server := NewListServer("1", []string{listedPAN}, [][2]string{{"5150", "5159"}})
	client, _ := ServeMACS(t, server)
	first, err := s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	require.True(t, first.Changed)
	require.Equal(t, []int64{1, 1}, []int64{first.Whitelist, first.BINRanges})
	for _, tag := range []string{"1", "2", "2"} {
		server.Set(tag, []string{listedPAN}, [][2]string{{"5150", "5159"}})
		source.Advance(DefaultListMaxAge)
		require.True(t, s.Lists().Stale)
		again, err := s.Sync(t.Context(), client, nil)
		require.NoError(t, err)
		require.False(t, again.Changed)
		require.Equal(t, first.Version, again.Version)
		require.Zero(t, s.Lists().Age)
		requireTwoLists(t, s)
	}
	full, unchanged := server.counts()
	require.Equal(t, []int{4, 4}, []int{full, unchanged}, "both lists: two downloads, two times 304")

	server.Set("3", []string{unknownPAN}, [][2]string{{"5150", "5159"}})
	third, err := s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	require.True(t, third.Changed)
	require.NotEqual(t, first.Version, third.Version)
	s = reopen(t, s)
	requireTwoLists(t, s)
	require.Equal(t, third.Version, s.Lists().Version)
	require.Equal(t, NotListed, decide(t, s, listedPAN).Reason)
	require.Equal(t, InWhitelist, decide(t, s, unknownPAN).Reason)
}

// TestCutDownload: when one of the two lists ends early, neither is published and nothing is left behind.
func TestCutDownload(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	server := NewListServer("1", []string{listedPAN}, [][2]string{{"5150", "5159"}})
	client, _ := ServeMACS(t, server)
	first, err := s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	server.Set("2", []string{unknownPAN}, [][2]string{{"60", "61"}})
	server.cutNext()
	_, err = s.Sync(t.Context(), client, nil)
	require.Error(t, err)
	require.Equal(t, first.Version, s.Lists().Version)
	require.True(t, decide(t, s, listedPAN).Allowed)
	require.True(t, decide(t, s, rangedPAN).Allowed)
	require.False(t, decide(t, s, unknownPAN).Allowed)
	requireTwoLists(t, s)
}

// TestCancelledSync: it ends at once and leaves the lists as they were.
func TestCancelledSync(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	server := NewListServer("1", []string{listedPAN}, nil)
	client, _ := ServeMACS(t, server)
	_, err := s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	server.Set("2", nil, nil)
	server.held, server.reached = make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-server.reached
		cancel()
	}()
	_, err = s.Sync(ctx, client, nil)
	requireCode(t, fault.Cancelled, err)
	require.True(t, decide(t, s, listedPAN).Allowed)
	requireTwoLists(t, s)
}

// TestChecksGoOnDuringSync: decisions come from one version of both lists, while a sync waits and while lists are swapped.
func TestChecksGoOnDuringSync(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	server := NewListServer("0", []string{listedPAN}, [][2]string{{"5150", "5159"}})
	client, _ := ServeMACS(t, server)
	_, err := s.Sync(t.Context(), client, nil)
	require.NoError(t, err)

	server.Set("1", []string{unknownPAN}, nil)
	server.held, server.reached = make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := s.Sync(t.Context(), client, nil)
		done <- err
	}()
	<-server.reached
	require.True(t, decide(t, s, listedPAN).Allowed, "a sync that waits keeps no check waiting")
	close(server.held)
	require.NoError(t, <-done)
	require.False(t, decide(t, s, listedPAN).Allowed)
	server.held = nil

	hash, err := s.HashPAN([]byte(listedPAN))
	require.NoError(t, err)
	stop := make(chan struct{})
	var checks sync.WaitGroup
	seen := make([]map[string]bool, 2)
	failed := make([]error, 2)
	for i := range seen {
		seen[i] = map[string]bool{}
		checks.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				d, err := s.Decide([]byte(listedPAN), hash)
				if err != nil {
					failed[i] = err
					return
				}
				seen[i][d.ListVersion+" "+string(d.Reason)] = true
			}
		})
	}
	for i := range 8 {
		if i%2 == 0 {
			server.Set("even", []string{listedPAN}, nil)
		} else {
			server.Set("odd", []string{unknownPAN}, nil)
		}
		_, err := s.Sync(t.Context(), client, nil)
		require.NoError(t, err)
	}
	close(stop)
	checks.Wait()
	for i := range seen {
		require.NoError(t, failed[i])
		require.LessOrEqual(t, len(seen[i]), 2, "a version has one answer: %v", seen[i])
	}
}
