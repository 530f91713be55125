package pgw

import (
	"errors"
	"net/http"
	"slices"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

// qrBase is the beginning of what a simulated QR code holds. The name can never be resolved.
const qrBase = "https://qr.posemu.invalid/"

func (s *Server) retrieve(c *call) (int, any, error) { return http.StatusOK, c.intent.view(), nil }

// confirm hands the payment to a provider, once: a second confirmation answers the present state.
func (s *Server) confirm(c *call) (int, any, error) {
	i := c.intent
	switch {
	case i.expired():
		return 0, nil, errTokenExpired
	case i.status == cancelled || i.status == failed:
		return 0, nil, wrongState("the PaymentIntent is " + i.status)
	case i.status != requiresMethod:
		return http.StatusOK, i.view(), nil
	}
	o, err := bodyObject(c)
	if err != nil {
		return 0, nil, err
	}
	method, ok := o.Optional("payment_method_type")
	if method == "" {
		method = i.methods[0]
	}
	if !ok || !slices.Contains(i.methods, method) {
		return 0, nil, unfit("payment_method_type", "the PaymentIntent was not made for this method")
	}
	name, ok := o.Optional("provider")
	if !ok {
		return 0, nil, unfit("provider", "provider must be text")
	}
	i.method, i.status = method, processing
	if i.mode == modeGateway {
		if err := s.atProvider(&i, name); err != nil {
			return 0, nil, err
		}
	}
	i.tokenVoid = s.current().StrictToken
	if err := s.saveIntent(c.tx, &i); err != nil {
		return 0, nil, err
	}
	if err := s.insertTransaction(c.tx, i, "payment", processing); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, i.view(), nil
}

// atProvider begins the payment at a simulated provider: a QR code to show, or for one that the payer shows, processing at once.
func (s *Server) atProvider(i *intent, name string) error {
	if name == "" {
		name = providers[0].names[0]
	}
	p, known := providerNamed(name)
	if !known {
		return unfit("provider", "provider must be PAYPAY, LINEPAY, RAKUTEN or DPAYMENT")
	}
	if slices.Contains(s.current().UnavailableProviders, p.key) {
		return no(http.StatusServiceUnavailable, "provider_unavailable", name+" does not answer")
	}
	id, err := ulid.New(s.state.Rand, s.now())
	if err != nil {
		return err
	}
	i.provider, i.providerName, i.providerTx = p.key, name, p.names[0]+"-TXN-"+id
	if i.method != methodCPM {
		i.status, i.qr = requiresAction, qrBase+p.key+"/"+id
	}
	return nil
}

func (s *Server) cancel(c *call) (int, any, error) {
	i := c.intent
	if i.status == cancelled {
		return http.StatusOK, i.view(), nil
	}
	if !moves[i.status][cancelled] {
		return 0, nil, wrongState("a PaymentIntent that is " + i.status + " cannot be cancelled")
	}
	i.status = cancelled
	err := errors.Join(s.saveIntent(c.tx, &i), setTransactions(c.tx, i.id, cancelled, s.now()))
	return http.StatusOK, i.view(), err
}
