package ws

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Nothing acknowledges a status: one that went under with its connection must not leave the backend with the state of before.
func TestTheLastStatusIsReportedOnEachConnection(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		w.notices()
		require.NoError(t, w.SendStatus(Status{Battery: 50, Paper: "EMPTY"}))
		w.notices()
		l.drop(0, "")
		for range 2 {
			l, _ = w.accept()
			require.JSONEq(t, `{"battery":50,"paper":"EMPTY"}`, string(l.takeA(t, typeStatus).Data))
			require.Equal(t, typePing, l.take(t).Type, "once a connection")
			l.drop(0, "")
		}
	})
}
