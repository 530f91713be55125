package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/mobile"
)

// Cards of the demo: two test cards that MACS allows, one on the whitelist, one in a BIN range, one unknown.
const (
	cardOnline    = "5555555555554444"
	cardListed    = "5301000000000005"
	cardInRange   = "5402000000000003"
	cardUnknown   = "4111111111111111"
	demoTerminal  = "SN-DEMO-1"
	rangeFrom     = "540200"
	rangeTo       = "540299"
	demoTimeLimit = time.Minute
)

func newDemoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "The whole journey in one process: real sockets, real files, a real kill",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demo{out: cmd.OutOrStdout(), op: mobile.NewOp()}
			timer := time.AfterFunc(demoTimeLimit, d.op.Cancel)
			defer timer.Stop()
			if err := d.play(cmd.Context()); err != nil {
				d.failed++
				_, _ = fmt.Fprintf(d.out, "  ✗ the demo could not go on: %v\n", err)
			}
			_, _ = fmt.Fprintf(d.out, "%d passed, %d failed\n", d.passed, d.failed)
			if d.failed > 0 {
				return errReported
			}
			return nil
		},
	}
}

// demo is a journey under way.
type demo struct {
	out            io.Writer
	op             *mobile.Op
	world          *emulator.World
	dir            string
	terminal       *mobile.Terminal
	passed, failed int
}

func (d *demo) play(ctx context.Context) (err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if d.dir, err = os.MkdirTemp("", "posemu-demo-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(d.dir) }()
	if d.world, err = emulator.Start(ctx, emulator.Options{}); err != nil {
		return err
	}
	defer func() { _ = d.world.Close() }()
	defer func() {
		if d.terminal != nil {
			_ = d.terminal.Close()
		}
	}()
	for _, part := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"Pairing", d.pairing},
		{"Lists", d.lists},
		{"Online", d.online},
		{"Refusals", d.refusals},
		{"Network gone", d.networkGone},
		{"Killed and restarted", d.killed},
		{"Three days later", d.stale},
		{"Network back", d.networkBack},
		{"The device's identity", d.activation},
		{"A sale", d.sale},
		{"Live", d.live},
		{"A QR payment", d.qr},
		{"Card payments", d.cards},
		{"An order from a till", d.orders},
	} {
		_, _ = fmt.Fprintf(d.out, "%s\n", part.title)
		if err := part.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.title, err)
		}
	}
	return nil
}

// expect prints a step and counts it.
func (d *demo) expect(ok bool, format string, args ...any) {
	mark := "✓"
	if ok {
		d.passed++
	} else {
		mark = "✗"
		d.failed++
	}
	_, _ = fmt.Fprintf(d.out, "  %s %s\n", mark, fmt.Sprintf(format, args...))
}

// open opens the terminal of the demo on its folder.
func (d *demo) open(clockOffset time.Duration) (err error) {
	if d.terminal != nil {
		if err := d.terminal.Close(); err != nil {
			return err
		}
	}
	d.terminal, err = mobile.Open(d.parameters(clockOffset), nil)
	return err
}

func (d *demo) pairing(ctx context.Context) error {
	if err := d.world.Admin(ctx, "POST", "/admin/api/terminals", map[string]string{"serialNumber": demoTerminal, "location": "Lounge 1"}, nil); err != nil {
		return err
	}
	d.expect(true, "the operator registers %s at Lounge 1", demoTerminal)
	var code struct {
		Code string `json:"code"`
	}
	if err := d.world.Admin(ctx, "POST", "/admin/api/terminals/"+demoTerminal+"/pairing-code", nil, &code); err != nil {
		return err
	}
	d.expect(len(code.Code) == 8, "and gets a pairing code of 8 digits")
	if err := d.open(0); err != nil {
		return err
	}
	_, err := d.terminal.Pair(d.op, "1234")
	d.expect(fault.CodeOf(err) == fault.InvalidCode, "a code of 4 digits is refused before anything is sent: %s", fault.CodeOf(err))
	paired, err := answer(d.terminal.Pair(d.op, code.Code))
	if err != nil {
		return err
	}
	d.expect(paired.Status == "paired", "the terminal pairs; its key is %s", paired.KeyFingerprint)
	_, err = d.terminal.Pair(d.op, code.Code)
	d.expect(fault.CodeOf(err) == fault.AlreadyPaired, "a second pairing is refused: %s", fault.CodeOf(err))
	return nil
}

func (d *demo) lists(ctx context.Context) error {
	err := d.world.Admin(ctx, "PUT", "/admin/api/whitelist", map[string]any{"pans": []string{cardListed}, "generate": map[string]int{"count": 10_000, "seed": 1}}, nil)
	if err != nil {
		return err
	}
	err = d.world.Admin(ctx, "PUT", "/admin/api/terminals/"+demoTerminal+"/bin-ranges",
		map[string]any{"ranges": []map[string]string{{"from": rangeFrom, "to": rangeTo}}}, nil)
	if err != nil {
		return err
	}
	synced, err := answer(d.terminal.Sync(d.op))
	if err != nil {
		return err
	}
	d.expect(synced.Whitelist == 10_001 && synced.BINRanges == 1, "the terminal syncs %d hashes and %d BIN range, version %s", synced.Whitelist, synced.BINRanges, synced.ListVersion)
	return nil
}

func (d *demo) online(context.Context) error {
	v, err := d.check(cardOnline)
	if err != nil {
		return err
	}
	d.expect(v.Outcome == "allowed" && v.Mode == "online" && v.MaxGuests == 3, "a card is %s %s, up to %d guests", v.Outcome, v.Mode, v.MaxGuests)
	_, err = d.terminal.ConfirmEntry(d.op, v.AccessID, 4)
	d.expect(fault.CodeOf(err) == fault.InvalidGuests, "4 guests are too many: %s", fault.CodeOf(err))
	c, err := answer(d.terminal.ConfirmEntry(d.op, v.AccessID, 2))
	if err != nil {
		return err
	}
	d.expect(c.Outcome == "confirmed", "the entry is %s with 2 guests", c.Outcome)
	c, err = answer(d.terminal.ConfirmEntry(d.op, v.AccessID, 2))
	if err != nil {
		return err
	}
	d.expect(c.Outcome == "confirmed", "confirmed again with 2 guests it is the same entry")
	return nil
}

func (d *demo) refusals(context.Context) error {
	for _, want := range []struct{ pan, code string }{
		{"5200000000000015", "CARD_ASI_FAILED"},
		{"5200000000000023", "CARD_AUTH_INSUFFICIENT_FUNDS"},
		{"5200000000000031", "CARD_AMOUNT_AUTH_FAILED"},
		{"5200000000000049", "LIMIT_EXCEEDED"},
		{"5200000000000056", "UNMET_REQUIREMENTS"},
		{"5200000000000064", "TEMPORARILY_BLOCKED"},
		{"5200000000000072", "MISSING_ACCESS_RULES"},
		{"5200000000000080", "UNKNOWN_DEVICE"},
	} {
		v, err := d.check(want.pan)
		if err != nil {
			return err
		}
		d.expect(v.Outcome == "denied" && v.Code == want.code, "%-28s “%s”", v.Code, v.Message)
	}
	return nil
}

func (d *demo) networkGone(ctx context.Context) error {
	if err := d.world.Admin(ctx, "POST", "/admin/api/faults", map[string]string{"kind": "refuse"}, nil); err != nil {
		return err
	}
	for _, want := range []struct{ what, pan, outcome, reason string }{
		{"a whitelisted card", cardListed, "allowed", "whitelist"},
		{"a card of a BIN range", cardInRange, "allowed", "bin_range"},
		{"an unknown card", cardUnknown, "denied", "not_listed"},
		{"a card that MACS refused", "5200000000000049", "denied", "recent_refusal"},
	} {
		v, err := d.check(want.pan)
		if err != nil {
			return err
		}
		d.expect(v.Outcome == want.outcome && v.Mode == "offline" && v.Reason == want.reason, "%s is %s offline (%s), because: %s", want.what, v.Outcome, v.Reason, v.OnlineError)
		if v.Outcome != "allowed" {
			continue
		}
		c, err := answer(d.terminal.ConfirmEntry(d.op, v.AccessID, 1))
		if err != nil {
			return err
		}
		d.expect(c.Outcome == "confirmed" && c.Mode == "offline", "and confirmed offline with 1 guest")
	}
	return nil
}

func (d *demo) stale(context.Context) error {
	if err := d.open(72 * time.Hour); err != nil {
		return err
	}
	v, err := d.check(cardListed)
	if err != nil {
		return err
	}
	d.expect(v.Reason == "list_stale", "the lists are stale and the whitelisted card is %s: %s", v.Outcome, v.Reason)
	return d.open(0)
}

func (d *demo) networkBack(ctx context.Context) error {
	if err := d.world.Admin(ctx, "DELETE", "/admin/api/faults", nil, nil); err != nil {
		return err
	}
	up, err := answer(d.terminal.UploadReports(d.op))
	if err != nil {
		return err
	}
	d.expect(up.Uploaded == 3 && up.Pending == 0, "%d offline entries are uploaded, %d pending", up.Uploaded, up.Pending)
	up, err = answer(d.terminal.UploadReports(d.op))
	if err != nil {
		return err
	}
	d.expect(up.Uploaded == 0, "a second upload has nothing to do")
	var listed struct {
		Entries []struct {
			Mode string `json:"mode"`
		} `json:"entries"`
	}
	if err := d.world.Admin(ctx, "GET", "/admin/api/entries", nil, &listed); err != nil {
		return err
	}
	count := map[string]int{}
	for _, e := range listed.Entries {
		count[e.Mode]++
	}
	d.expect(count["online"] == 1 && count["offline"] == 3, "MACS shows %d online and %d offline entries", count["online"], count["offline"])
	status, err := answer(d.terminal.Status())
	if err != nil {
		return err
	}
	d.expect(status.Pending == 0 && status.SafeToWipe, "nothing is pending; the terminal could be wiped")
	return nil
}
