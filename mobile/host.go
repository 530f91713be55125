package mobile

// Host is what the app gives: keys that never leave its key store, a log sink, progress. Kotlin implements it. A method that
// throws fails the call it served and nothing else. Methods are called from several threads, also at the same time; Log and
// Progress from one thread of their own, in order, after the fact: a slow one loses lines and holds nothing up. A key method
// may take 30 s. Nothing is called after Close returned nil.
type Host interface {
	// KeepsKeys says whether the methods below that are about keys keep any. Of a host that keeps none they are not called: keys
	// are in sealed files of the data folder, as without a host, for desktops and tests.
	KeepsKeys() (bool, error)
	// GenerateKey makes a key inside the key store: keyType is "rsa-2048" or "ec-p256". An alias that exists is replaced.
	GenerateKey(alias, keyType string) error
	// PublicKey is the DER SubjectPublicKeyInfo of a key; empty when there is none.
	PublicKey(alias string) ([]byte, error)
	// Sign signs a message with SHA-256: PKCS#1 v1.5 for RSA, DER for ECDSA.
	Sign(alias string, message []byte) ([]byte, error)
	// GenerateMAC makes an HMAC-SHA256 key inside the key store.
	GenerateMAC(alias string) error
	// ImportMAC puts an HMAC-SHA256 key into the key store; an alias that exists is replaced.
	ImportMAC(alias string, secret []byte) error
	// HasMAC tells whether there is an HMAC key of this alias.
	HasMAC(alias string) (bool, error)
	// MAC is HMAC-SHA256 of a message, 32 bytes.
	MAC(alias string, message []byte) ([]byte, error)
	// DeleteKey removes a key of either kind; an absent one is no error.
	DeleteKey(alias string) error
	// Log takes one line: level as android.util.Log numbers it (3 debug, 4 info, 5 warning, 6 error). It holds no secret.
	Log(level int, line string) error
	// Progress tells how far a sync or an upload is: kind is "whitelist", "bin_ranges" or "upload", done counts rows. The last
	// report of a list that came new is all of its rows; one that did not change has none.
	Progress(kind string, done int64) error
}
