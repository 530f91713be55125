package posstream_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/posstream"
)

// A client application prints what an emulated till sends.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()

	came := make(chan struct{})
	client, err := posstream.Listen(posstream.Options{
		Listen: "127.0.0.1:0", // a till on site needs an address of this machine, and Allow
		KeyID:  "INT-1", Secret: []byte("the integrator's secret"), AES: posstream.GCM,
		Handler: func(n posstream.Notice) error {
			if n.Kind != posstream.Event {
				return nil
			}
			var order struct {
				Total int `json:"total"`
			}
			if err := json.Unmarshal(n.Data, &order); err != nil {
				return err // not acknowledged: it comes again
			}
			fmt.Println(n.MsgType, order.Total)
			close(came)
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	for path, body := range map[string]any{
		"integrators": map[string]any{"keyId": "INT-1", "secretKey": "the integrator's secret"},
		"clients":     map[string]any{"address": client.Address(), "pos": "POS-01", "aes": "gcm", "reconnectSeconds": 0.1},
	} {
		if err := world.Admin(ctx, "POST", "/admin/api/posstream/"+path, body, nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	order := map[string]any{"pos": "POS-01", "type": "create_order", "data": map[string]int{"total": 450}}
	if err := world.Admin(ctx, "POST", "/admin/api/posstream/events", order, nil); err != nil {
		fmt.Println(err)
		return
	}
	<-came
	// Output: create_order 450
}
