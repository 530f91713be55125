package ws

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a server says may hold what it was told: the log shows the words and no token, code or card.
func TestTheLogShowsNoSecretOfTheServers(t *testing.T) {
	inBubble(t, func(w *world) {
		var log bytes.Buffer
		o := w.options()
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w.onNotice = func(n Notice) error {
			if n.Kind == NoticeEvent {
				return errListener
			}
			return nil
		}
		c, err := Connect(o)
		require.NoError(t, err)
		w.Channel = c
		l, _ := w.accept()
		token := strings.Repeat("eyJhbGciOi", 9)
		l.say(`{"v":1,"type":"error","data":{"code":"bad_card 5555555555554444 ` + token + `"}}`)
		l.say(`{"v":1,"type":"event","id":"5555555555554444","seq":1,"data":{"event":"` + token + `","payload":{"pan":"5105105105105100"}}}`)
		l.takeA(t, typeAck)
		require.NoError(t, c.Close())
		require.Contains(t, log.String(), "bad_card")
		for _, secret := range []string{"5555555555554444", token, "5105105105105100"} {
			require.NotContains(t, log.String(), secret)
		}
	})
}
