package posstream

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxName+1)
	for name, text := range map[string]string{
		"empty":             ``,
		"no JSON":           `this is not json`,
		"null":              `null`,
		"an array":          `[{"msg_id":"1","msg_type":"t"}]`,
		"cut":               `{"msg_id":"1","msg_type":"t"`,
		"two":               `{"msg_id":"1","msg_type":"t"}{}`,
		"not UTF-8":         "{\"msg_id\":\"\xff\",\"msg_type\":\"t\"}",
		"deeply nested":     strings.Repeat(`[`, 100_000),
		"deep in a field":   `{"msg_id":"1","msg_type":"t","x":` + strings.Repeat(`[`, 100_000),
		"without msg_id":    `{"msg_type":"t"}`,
		"without msg_type":  `{"msg_id":"1"}`,
		"msg_id a number":   `{"msg_id":1,"msg_type":"t"}`,
		"msg_data an array": `{"msg_id":"1","msg_type":"t","msg_data":[]}`,
		"msg_id too long":   `{"msg_id":"` + long + `","msg_type":"t"}`,
		"msg_type too long": `{"msg_id":"1","msg_type":"` + long + `"}`,
		"msg_resp too long": `{"msg_id":"1","msg_type":"t","msg_resp":"` + long + `"}`,
	} {
		m, err := readMessage([]byte(text))
		require.ErrorIs(t, err, fault.MessageInvalid, name)
		require.Zero(t, m, name)
	}
}

func TestWhatIsNotKnownIsPassedOver(t *testing.T) {
	t.Parallel()
	m, err := readMessage([]byte(` {"msg_id":"1","msg_type":"no_such_event","new":{"a":[1]},"msg_resp":null}`))
	require.NoError(t, err, "source and version may be missing: they are not validated")
	require.Equal(t, message{ID: "1", Type: "no_such_event"}, m)
}

func TestAnAnswerEchoesTheRequest(t *testing.T) {
	t.Parallel()
	a := answer(message{Source: "pos", ID: `a"b`, Type: "create_order", Data: "x"}, respAck)
	require.Equal(t, message{Source: "smartpos-terminal", Version: "1.0", ID: `a"b`, Type: "create_order", Resp: "ack"}, a)
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(vector))
	f.Add([]byte(`{"msg_id":"1","msg_type":"create_order","msg_data":"QUJD"}`))
	f.Add([]byte(`{"MSG_ID":"\u0000","msg_type":"<&>\ud800"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := readMessage(text)
		if err != nil {
			require.Zero(t, m)
			return
		}
		again, err := readMessage(m.encode()[headerSize:])
		require.NoError(t, err)
		require.Equal(t, m, again, "what was read is written the same")
	})
}
