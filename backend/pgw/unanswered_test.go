package pgw_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/fault"
)

// net/http sends a request again by itself when its connection dies: a certificate that is refused then says nothing of the first time.
func TestACertificateRefusedAfterTheRequestWentOutIsNoAnswer(t *testing.T) {
	t.Parallel()
	for code, want := range map[fault.Code]bool{fault.TLSUntrusted: true, fault.ClockWrong: true, fault.NetworkUnavailable: true, fault.NotAuthorized: false} {
		require.Equal(t, want, pgw.Unanswered(fault.New(code, "test", "")), code)
	}
}
