package posstream

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestEveryStateAndEveryMessage(t *testing.T) {
	t.Parallel()
	states := []State{AwaitingInit, Registering, Enabled, Ended}
	messages := []incoming{initRequest, registerAck, registerRefusal, eventRequest, strayAnswer, misplaced}
	allowed := map[State]map[incoming]State{
		AwaitingInit: {initRequest: Registering},
		Registering:  {registerAck: Enabled, registerRefusal: Ended, strayAnswer: Registering},
		Enabled:      {eventRequest: Enabled, strayAnswer: Enabled},
	}
	for _, s := range states {
		for _, in := range messages {
			got, err := next(s, in)
			if want, ok := allowed[s][in]; ok {
				require.NoError(t, err, "%s while %s", in, s)
				require.Equal(t, want, got)
				continue
			}
			require.ErrorIs(t, err, fault.MessageInvalid, "%s while %s", in, s)
			require.Equal(t, s, got, "an error changes no state")
		}
	}
}

func testHandshake(mode RSA, aes AES, secret string) *handshake {
	return newHandshake(Options{RSA: mode, AES: aes, KeyID: testKeyID}, func() []byte { return []byte(secret) })
}

func TestRegistrationInEveryForm(t *testing.T) {
	t.Parallel()
	deks := map[string]bool{}
	for _, mode := range []RSA{OAEPSHA256, OAEPSHA1, PKCS1} {
		for _, aes := range []AES{CBC, GCM} {
			for name, secret := range map[string]string{"short": testSecret, "long": strings.Repeat("ß", 200), "longest": strings.Repeat("x", maxSecret)} {
				h := testHandshake(mode, aes, secret)
				in, out, err := h.take(message{ID: "1", Type: typeInit, Data: publicPEM(&posKey().PublicKey)})
				require.NoError(t, err)
				require.Equal(t, initRequest, in)
				require.Equal(t, Registering, h.state)
				require.Len(t, out, 2)
				require.Equal(t, message{Source: wireSource, Version: wireVersion, ID: "1", Type: typeInit, Resp: respAck}, out[0])
				register := out[1]
				require.NotEqual(t, "1", register.ID, "a request of its own")
				require.Equal(t, []string{typeRegister, "", wireSource}, []string{register.Type, register.Resp, register.Source})

				p := &pos{t: t, rsa: mode, aes: aes}
				c := p.open(register.Data)
				require.Equal(t, []string{testKeyID, secret}, []string{c["key_id"], c["secret_key"]}, "%s %s %s", mode, aes, name)
				require.Equal(t, name != "short", c["form"] == "long", "%s %s %s", mode, aes, name)
				require.Len(t, decode(t, c["dek"]), 32)
				deks[c["dek"]] = true
				require.NotContains(t, register.Data, secret)

				sealed, err := p.cipher.Seal(nil, []byte("x"))
				require.NoError(t, err)
				clear, err := h.cipher.Open(nil, sealed)
				require.NoError(t, err)
				require.Equal(t, "x", string(clear), "both sides have the same DEK")
			}
		}
	}
	require.Len(t, deks, 18, "a DEK was used twice")
}

func TestTheShortFormIsUsedAsLongAsItFits(t *testing.T) {
	t.Parallel()
	for mode, limit := range map[RSA]int{OAEPSHA256: 190, OAEPSHA1: 214, PKCS1: 245} {
		require.Equal(t, limit, mode.limit(&posKey().PublicKey))
		fixed := len(`{"dek":"","key_id":"INT-0001","secret_key":""}`) + 44
		for more, form := range map[int]string{0: "", 1: "long"} {
			h := testHandshake(mode, CBC, strings.Repeat("x", limit-fixed+more))
			_, out, err := h.take(message{ID: "1", Type: typeInit, Data: publicPEM(&posKey().PublicKey)})
			require.NoError(t, err)
			p := &pos{t: t, rsa: mode, aes: CBC}
			require.Equal(t, form, p.open(out[1].Data)["form"], "%s, %d bytes more than fit", mode, more)
		}
	}
}

func TestASecretOfAnyCharactersIsQuotedAsJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", `"`, `\`, "\x00\x1f\x7f\n", "äöü ☕ 日本 \u2028", `\u0041`, testSecret} {
		var got string
		require.NoError(t, json.Unmarshal(quoted([]byte(text)), &got))
		require.Equal(t, text, got)
	}
}

func TestKeysThatAreTakenAndThatAreNot(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKIXPublicKey(&posKey().PublicKey)
	require.NoError(t, err)
	good := publicPEM(&posKey().PublicKey)
	for name, text := range map[string]string{
		"PEM":                  good,
		"PEM with CRLF":        strings.ReplaceAll(good, "\n", "\r\n"),
		"base64 DER":           base64.StdEncoding.EncodeToString(der),
		"base64 DER and space": " " + base64.StdEncoding.EncodeToString(der) + "\n",
	} {
		key, err := parsePublicKey(text)
		require.NoError(t, err, name)
		require.True(t, key.Equal(&posKey().PublicKey), name)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	small := "-----BEGIN PUBLIC KEY-----\n" + // RSA, 1024 bits
		"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3\n" +
		"6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6\n" +
		"Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw\n" +
		"oYi+1hqp1fIekaxsyQIDAQAB\n-----END PUBLIC KEY-----\n"
	huge := &rsa.PublicKey{N: new(big.Int).Lsh(posKey().N, 2049), E: posKey().E}
	huge.N.SetBit(huge.N, 0, 1)
	n, even := posKey().N, new(big.Int).Lsh(big.NewInt(1), 2047)
	for name, text := range map[string]string{
		"exponent 1":  publicPEM(&rsa.PublicKey{N: n, E: 1}),
		"exponent 4":  publicPEM(&rsa.PublicKey{N: n, E: 4}),
		"even":        publicPEM(&rsa.PublicKey{N: even, E: 65537}),
		"empty":       "",
		"garbage":     "AAAA",
		"no base64":   "%%%",
		"EC":          publicPEM(&ec.PublicKey),
		"1024 bits":   small,
		"4097 bits":   publicPEM(huge),
		"PKCS#1":      string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&posKey().PublicKey)})),
		"two keys":    good + good,
		"private key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(posKey())})),
	} {
		h := testHandshake(OAEPSHA256, CBC, testSecret)
		_, out, err := h.take(message{ID: "1", Type: typeInit, Data: text})
		require.ErrorIs(t, err, fault.MessageInvalid, name)
		require.Len(t, out, 1, name)
		require.Equal(t, respNackFormat, out[0].Resp, name)
		require.Empty(t, out[0].Data, name)
	}
}

func TestTheAnswerMustNameTheRequest(t *testing.T) {
	t.Parallel()
	h := testHandshake(OAEPSHA256, CBC, testSecret)
	_, out, err := h.take(message{ID: "1", Type: typeInit, Data: publicPEM(&posKey().PublicKey)})
	require.NoError(t, err)
	id := out[1].ID
	for name, m := range map[string]message{
		"another msg_id":   {ID: "other", Type: typeRegister, Resp: respAck},
		"another msg_type": {ID: id, Type: "create_order", Resp: respAck},
		"of init_client":   {ID: "1", Type: typeInit, Resp: respAck},
	} {
		_, _, err := h.take(m)
		require.NoError(t, err, name)
		require.Equal(t, Registering, h.state, name)
	}
	in, _, err := h.take(message{ID: id, Type: typeRegister, Resp: respAck})
	require.NoError(t, err)
	require.Equal(t, []any{registerAck, Enabled}, []any{in, h.state})
	for _, resp := range []string{respAck, "nack_auth"} {
		in, _, err = h.take(message{ID: id, Type: typeRegister, Resp: resp})
		require.NoError(t, err, "said again it does no harm")
		require.Equal(t, []any{strayAnswer, Enabled}, []any{in, h.state})
	}
}

func TestAClosedClientGivesNoSecret(t *testing.T) {
	t.Parallel()
	h := newHandshake(Options{RSA: OAEPSHA256, AES: CBC, KeyID: testKeyID}, func() []byte { return nil })
	_, out, err := h.take(message{ID: "1", Type: typeInit, Data: publicPEM(&posKey().PublicKey)})
	require.ErrorIs(t, err, fault.Closed)
	require.Len(t, out, 1)
	require.NotEqual(t, respAck, out[0].Resp)
}

// What a POS sends, a message a line: the key and secret go out once at most, and only after init_client.
func FuzzHandshake(f *testing.F) {
	init, _ := json.Marshal(message{ID: "1", Type: typeInit, Data: publicPEM(&posKey().PublicKey)})
	f.Add([]byte(vector))
	f.Add(append(append(init, '\n'), vector...))
	f.Add(append(append(init, '\n'), init...))
	f.Add([]byte(`{"msg_id":"1","msg_type":"create_order","msg_data":"AAAA"}`))
	f.Add(append(append(init, '\n'), `{"msg_id":"$","msg_type":"register_client","msg_resp":"ack"}`+"\n"+`{"msg_id":"2","msg_type":"create_order"}`...))
	f.Fuzz(func(t *testing.T, lines []byte) {
		h := testHandshake(OAEPSHA256, CBC, testSecret)
		registered, enabled := 0, false
		for line := range bytes.Lines(lines) {
			// The id of register_client is random: $ stands for it.
			m, err := readMessage(bytes.ReplaceAll(line, []byte("$"), []byte(h.registerID)))
			if err != nil {
				return
			}
			before := h.state
			in, out, err := h.take(m)
			for _, each := range out {
				if each.Type == typeRegister {
					registered++
				}
				require.NotContains(t, string(each.encode()), "integrator-secret")
			}
			if err != nil {
				return
			}
			if in == registerAck {
				require.Equal(t, Registering, before)
				enabled = true
			}
			require.Equal(t, enabled, h.state == Enabled)
			require.True(t, in != eventRequest || enabled)
		}
		require.LessOrEqual(t, registered, 1)
	})
}
