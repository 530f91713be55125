package keystore_test

import (
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/keystore/keystoretest"
)

// oddHost does as its Host, but for the methods that have a replacement.
type oddHost struct {
	*keystoretest.Host
	generateKey func(alias, keyType string) error
	publicKey   func(alias string) ([]byte, error)
	sign        func(alias string, message []byte) ([]byte, error)
	importMAC   func(alias string, secret []byte) error
	generateMAC func(alias string) error
	hasMAC      func(alias string) (bool, error)
	mac         func(alias string, message []byte) ([]byte, error)
	deleteKey   func(alias string) error
}

var _ keystore.Host = (*oddHost)(nil)

func (h *oddHost) GenerateKey(alias, keyType string) error {
	if h.generateKey != nil {
		return h.generateKey(alias, keyType)
	}
	return h.Host.GenerateKey(alias, keyType)
}

func (h *oddHost) PublicKey(alias string) ([]byte, error) {
	if h.publicKey != nil {
		return h.publicKey(alias)
	}
	return h.Host.PublicKey(alias)
}

func (h *oddHost) Sign(alias string, message []byte) ([]byte, error) {
	if h.sign != nil {
		return h.sign(alias, message)
	}
	return h.Host.Sign(alias, message)
}

func (h *oddHost) ImportMAC(alias string, secret []byte) error {
	if h.importMAC != nil {
		return h.importMAC(alias, secret)
	}
	return h.Host.ImportMAC(alias, secret)
}

func (h *oddHost) GenerateMAC(alias string) error {
	if h.generateMAC != nil {
		return h.generateMAC(alias)
	}
	return h.Host.GenerateMAC(alias)
}

func (h *oddHost) HasMAC(alias string) (bool, error) {
	if h.hasMAC != nil {
		return h.hasMAC(alias)
	}
	return h.Host.HasMAC(alias)
}

func (h *oddHost) MAC(alias string, message []byte) ([]byte, error) {
	if h.mac != nil {
		return h.mac(alias, message)
	}
	return h.Host.MAC(alias, message)
}

func (h *oddHost) DeleteKey(alias string) error {
	if h.deleteKey != nil {
		return h.deleteKey(alias)
	}
	return h.Host.DeleteKey(alias)
}
