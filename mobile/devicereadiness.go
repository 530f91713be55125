package mobile

import (
	"context"
	"fmt"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/ws"
)

// deviceFindings tests the device's key, activation and token, and what its calls left open.
func (t *Terminal) deviceFindings(ctx context.Context) []finding {
	found := []finding{t.deviceKeyFinding(), t.activationFinding()}
	if found[0].Severity == "ok" && found[1].Severity == "ok" {
		found = append(found, t.tokenFinding(ctx), t.channelFinding())
	}
	if open, err := t.smarttab.Pending(); err == nil && len(open) > 0 {
		found = append(found, warning("unknown_calls", fmt.Sprintf("%d calls have no answer from the server yet.", len(open)), "Connect the terminal and ask for them again."))
	}
	if open, err := t.cards.Open(); err == nil && len(open) > 0 {
		found = append(found, warning("unknown_card_payments", fmt.Sprintf("%d card payments have no known result.", len(open)), "Look at the card app's slips and say what happened."))
	}
	if due, err := t.cards.Unrecorded(); err == nil && len(due) > 0 {
		found = append(found, warning("unrecorded_card_payments", fmt.Sprintf("%d results of card payments are not recorded at the backend yet.", len(due)), "Connect the terminal; what the backend refuses has to be recorded in another payment."))
	}
	return found
}

func (t *Terminal) deviceKeyFinding() finding {
	if err := t.device.CheckKey(); err != nil {
		info := fault.CodeOf(err).Info()
		return blocking("device_key_lost", "The device's key cannot be used.", info.Text)
	}
	return ok("device_key", "The device's key is good, or not needed yet.")
}

func (t *Terminal) activationFinding() finding {
	switch t.device.Activation().Status {
	case mpac.ActivationActive:
		return ok("activated", "The device is activated.")
	case mpac.ActivationPending:
		return blocking("activation_pending", "The activation code was not entered in the portal yet.", "Enter the code in the portal and wait for the activation.")
	case mpac.ActivationExpired:
		return blocking(string(fault.ActivationExpired), fault.ActivationExpired.Info().Meaning, fault.ActivationExpired.Info().Text)
	}
	return blocking(string(fault.NotActivated), "The device is not activated.", fault.NotActivated.Info().Text)
}

func (t *Terminal) tokenFinding(ctx context.Context) finding {
	ctx, cancel := context.WithTimeout(ctx, t.config.online)
	defer cancel()
	_, err := t.tokens.Token(ctx)
	info := fault.CodeOf(err).Info()
	switch {
	case err == nil:
		return ok("token", "The server gives this device tokens.")
	case info.Retryable:
		return warning(string(info.Code), info.Meaning, info.Text)
	}
	return blocking(string(info.Code), info.Meaning, info.Text)
}

// channelFinding tells of the channel as it stands: it is the app that asks for it.
func (t *Terminal) channelFinding() finding {
	c := t.channel.Load()
	if c == nil {
		return ok("channel_off", "The real-time channel is not asked for.")
	}
	state, why := c.State()
	info := why.Info()
	switch {
	case state == ws.Online:
		return ok("channel", "The real-time channel is connected.")
	case why == "":
		return warning("channel_connecting", "The real-time channel is being connected.", "Wait a moment.")
	case state == ws.Ended:
		return warning(string(why), info.Meaning, info.Text+" Then connect again.")
	}
	return warning(string(why), info.Meaning, info.Text+" The channel connects again by itself.")
}
