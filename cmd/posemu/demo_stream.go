package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/smartpos-go/terminal/mobile"
)

// Integrator of the demo.
const (
	demoKeyID  = "INT-DEMO"
	demoSecret = "the integrator's secret of the demo" //nolint:gosec // of a made-up integrator.
)

// tillNotice is what the demo reads of a notice.
type tillNotice struct {
	Kind, MsgType, Code string
	Data                struct {
		OrderNumber string `json:"order_number"`
		Items       []struct {
			Name     string
			Quantity int
		}
		Total int
	}
}

// tillListener hands notices on.
type tillListener chan tillNotice

// Receive is a mobile.EventStreamListener.
func (l tillListener) Receive(text string) error {
	var n tillNotice
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	l <- n
	return nil
}

// next is the next notice of one of the kinds.
func (l tillListener) next(ctx context.Context, kinds ...string) (tillNotice, error) {
	for {
		select {
		case n := <-l:
			for _, kind := range kinds {
				if n.Kind == kind {
					return n, nil
				}
			}
		case <-ctx.Done():
			return tillNotice{}, ctx.Err()
		}
	}
}

// orders is a till that tells of an order.
func (d *demo) orders(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, demoTimeLimit)
	defer cancel()
	post := func(path string, in any) error {
		return d.world.Admin(ctx, "POST", "/admin/api/posstream"+path, in, nil)
	}
	if err := post("/integrators", map[string]string{"keyId": demoKeyID, "secretKey": demoSecret}); err != nil {
		return err
	}
	listener := make(tillListener, 100)
	stream, err := mobile.StartEventStream(fmt.Sprintf(`{"listen":"127.0.0.1:0","keyId":%q,"aes":"gcm"}`, demoKeyID), []byte(demoSecret), listener)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Stop() }()
	client := map[string]any{"address": stream.Address(), "pos": "POS-01", "aes": "gcm", "events": []string{"create_order"}, "reconnectSeconds": 1}
	if err := post("/clients", client); err != nil {
		return err
	}
	n, err := listener.next(ctx, "enabled", "refused")
	if err != nil {
		return err
	}
	d.expect(n.Kind == "enabled", "a till connects, sends its RSA key, and takes the AES key and the registration: %s", n.Kind)
	if err := post("/events", map[string]any{"pos": "POS-01", "type": "create_order"}); err != nil {
		return err
	}
	if n, err = listener.next(ctx, "event"); err != nil {
		return err
	}
	d.expect(n.MsgType == "create_order" && len(n.Data.Items) > 0, "order %s arrives, %d × %s first: %d yen",
		n.Data.OrderNumber, n.Data.Items[0].Quantity, n.Data.Items[0].Name, n.Data.Total)
	return nil
}
