package mobile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

// A terminal as a desktop program opens it: no host, keys in sealed files.
func ExampleOpen() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	var code struct{ Code string }
	dir, err := os.MkdirTemp("", "mobile")
	err = errors.Join(err,
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": "SN-0001", "location": "Gate"}, nil),
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals/SN-0001/pairing-code", nil, &code),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	config, err := json.Marshal(map[string]any{
		"serialNumber": "SN-0001", "dataDir": dir, "whitelistSecret": world.Env().MACS.WhitelistSecret,
		"macs": map[string]string{"baseUrl": world.Env().MACS.URL, "trustedCa": string(world.CAPEM())},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	terminal, err := mobile.Open(string(config), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = terminal.Close() }()
	_, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"5555555555554444"}`))
	fmt.Println(mobile.ErrorCode(err))
	_, err = terminal.Pair(nil, code.Code)
	fmt.Println(err)
	text, err := terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"5555555555554444"}`))
	var verdict struct {
		Outcome, AccessID string
		MaxGuests         int
	}
	fmt.Println(errors.Join(err, json.Unmarshal([]byte(text), &verdict)))
	fmt.Println(verdict.Outcome, verdict.MaxGuests)
	// Output:
	// not_paired
	// <nil>
	// <nil>
	// allowed 3
}
