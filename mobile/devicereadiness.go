package mobile

import (
	"context"
	"fmt"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

// deviceFindings tests the device's key, activation and token, and what its calls left open.
func (t *Terminal) deviceFindings(ctx context.Context) []finding {
	found := []finding{t.deviceKeyFinding(), t.activationFinding()}
	if found[0].Severity == "ok" && found[1].Severity == "ok" {
		found = append(found, t.tokenFinding(ctx))
	}
	if open, err := t.smarttab.Pending(); err == nil && len(open) > 0 {
		found = append(found, warning("unknown_calls", fmt.Sprintf("%d calls have no answer from the server yet.", len(open)), "Connect the terminal and ask for them again."))
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
