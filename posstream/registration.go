package posstream

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
)

// registration is msg_data of register_client (protocol section 7.3): DEK, key id and secret under the POS's RSA key. Where they
// are too long for it, only the DEK is, and the other two are under the DEK.
func registration(mode RSA, key *rsa.PublicKey, c *Cipher, dek []byte, keyID string, secret []byte) (string, error) {
	encodedDEK := base64.StdEncoding.AppendEncode(nil, dek)
	defer clear(encodedDEK)
	credentials := append([]byte(`"key_id":`), quoted([]byte(keyID))...)
	quotedSecret := quoted(secret)
	defer clear(quotedSecret)
	// Of full size before the secret goes in, so that no copy of it is left behind by growing.
	text := make([]byte, 0, len(encodedDEK)+len(credentials)+len(quotedSecret)+64)
	defer func() { clear(text[:cap(text)]) }()
	text = append(append(append(text, `{"dek":"`...), encodedDEK...), `",`...)
	text = append(append(append(append(text, credentials...), `,"secret_key":`...), quotedSecret...), '}')
	if len(text) <= mode.limit(key) {
		wrapped, err := mode.Wrap(key, text)
		if err != nil {
			return "", err
		}
		return base64.StdEncoding.EncodeToString(wrapped), nil
	}
	wrapped, err := mode.Wrap(key, dek)
	if err != nil {
		return "", err
	}
	text = append(append(text[:0], '{'), credentials...)
	text = append(append(append(text, `,"secret_key":`...), quotedSecret...), '}')
	sealed, err := c.Seal(nil, text)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"dek":"%s","data":"%s"}`, base64.StdEncoding.EncodeToString(wrapped), base64.StdEncoding.EncodeToString(sealed)), nil
}

// quoted is UTF-8 text as a JSON string. encoding/json would leave copies of a secret that nobody can clear.
func quoted(text []byte) []byte {
	const longest = len(`\u0000`)
	out := append(make([]byte, 0, len(text)*longest+2), '"')
	for _, b := range text {
		switch {
		case b == '"' || b == '\\':
			out = append(out, '\\', b)
		case b < ' ':
			out = fmt.Appendf(out, `\u%04x`, b)
		default:
			out = append(out, b)
		}
	}
	return append(out, '"')
}
