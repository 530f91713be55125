package emulator_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/smartpos-go/terminal/emulator"
)

// A world in memory, with a terminal that waits for its pairing code to be typed.
func Example() {
	world, err := emulator.Start(context.Background(), emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	ctx := context.Background()
	var terminal struct{ SerialNumber, Status string }
	err = world.Admin(ctx, http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": "SN-0001", "location": "Gate 1"}, &terminal)
	fmt.Println(terminal.SerialNumber, terminal.Status, err)
	var code struct{ Code string }
	err = world.Admin(ctx, http.MethodPost, "/admin/api/terminals/SN-0001/pairing-code", nil, &code)
	fmt.Println(len(code.Code), "digits", err)
	// Output:
	// SN-0001 unpaired <nil>
	// 8 digits <nil>
}
