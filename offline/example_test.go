package offline_test

import (
	"context"
	"fmt"
	"os"

	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/offline"
)

func Example() {
	dir, err := os.MkdirTemp("", "offline")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := offline.Open(offline.Options{Dir: dir, Time: clock.System{}, Whitelist: mac("whitelist"), Chain: mac("chain")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	pan := []byte("4111111111111111")
	hash, err := store.HashPAN(pan)
	if err != nil {
		fmt.Println(err)
		return
	}
	decision, err := store.Decide(pan, hash)
	fmt.Println(decision.Allowed, decision.Reason, err) // before the first Sync no list decides

	decision = offline.Decision{Allowed: true, Reason: offline.InWhitelist, MaxGuests: 2} // as after a Sync
	access, err := store.GrantOffline(hash, "", decision)
	if err != nil {
		fmt.Println(err)
		return
	}
	entry, known, err := store.Confirm(context.Background(), nil, access.ID, 1, 0)
	fmt.Println(entry.State, entry.Guests, known, err)
	counts, err := store.Counts()
	fmt.Println(counts.Pending, counts.SafeToWipe(), err)
	// Output:
	// false list_missing <nil>
	// confirmed 1 true <nil>
	// 1 false <nil>
}
