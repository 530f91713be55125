package keystore_test

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/keystore/keystoretest"
)

// A terminal makes its key once and signs with it from then on.
func ExampleOpenSoftware() {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(parent) }()
	sealingKey := make([]byte, 32) // in earnest 32 secret bytes, kept apart from the folder
	store, err := keystore.OpenSoftware(filepath.Join(parent, "keys"), keystore.SoftwareOptions{Key: sealingKey})
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := store.Generate("macs-device", keystore.RSA2048)
	if err != nil {
		fmt.Println(err)
		return
	}
	signature, err := crypto.SignMessage(key, rand.Reader, []byte("message"), crypto.SHA256)
	fmt.Println(len(signature), err)
	// Output: 256 <nil>
}

// The whitelist holds HMACs of card numbers under a secret that is imported once.
func ExampleStore() {
	store := keystore.NewHost(keystoretest.NewHost())
	if err := store.ImportMAC("macs-whitelist", []byte("macs-whitelist-test-secret-32-bytes-long")); err != nil {
		fmt.Println(err)
		return
	}
	mac, err := store.MAC("macs-whitelist")
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, err := mac.Sum([]byte("5555555555554444"))
	fmt.Printf("%x %v\n", sum, err)
	fmt.Println(mac)
	// Output:
	// 776b335fa71a1cbb68a108fab312ab75a4fbe6e9d200b240a744664a4be4e933 <nil>
	// keystore.MAC(redacted)
}
