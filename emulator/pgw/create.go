package pgw

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/smartpos-go/terminal/emulator/strictjson"
	"github.com/smartpos-go/terminal/emulator/ulid"
)

const (
	defaultMinutes = 30 // FACT, protocol section 4.3
	maxMinutes     = 1440
)

var currencyText = regexp.MustCompile(`^[A-Z]{3}$`)

// create makes a PaymentIntent from the union of the fields that the vendor's pages show (protocol section 4.3).
func (s *Server) create(c *call) (int, any, error) {
	o, err := strictjson.Read(c.body)
	if err != nil {
		return 0, nil, errJSON
	}
	i, err := s.readCreate(c, o)
	if err != nil {
		return 0, nil, err
	}
	id, err := ulid.New(s.state.Rand, s.now())
	if err != nil {
		return 0, nil, err
	}
	i.id = "pi_" + id
	token, hash, err := s.newToken(i.id)
	if err != nil {
		return 0, nil, err
	}
	i.tokenHash = hash
	var there int
	if err := c.tx.QueryRow("SELECT count(*) FROM pgw_intent WHERE organisation = ? AND merchant_id = ? AND ref = ?", i.organisation, i.merchantID, i.ref).Scan(&there); err != nil {
		return 0, nil, err
	}
	if there > 0 {
		return 0, nil, &refusal{http.StatusConflict, "duplicate_merchant_ref_id", "this merchant has a PaymentIntent with this merchant_ref_id", "merchant_ref_id"}
	}
	if err := insertIntent(c.tx, i); err != nil {
		return 0, nil, err
	}
	view := i.view()
	view.PaymentToken = token
	return http.StatusCreated, view, nil
}

func insertIntent(tx *sql.Tx, i intent) error {
	list, err := json.Marshal(i.methods)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO pgw_intent(id, organisation, merchant_id, status, amount, currency, methods, mode, ref, order_id, store_id, terminal_id,
description, token_hash, created_at, expires_at, updated_at) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		i.id, i.organisation, i.merchantID, i.status, i.amount, i.currency, string(list), i.mode, i.ref, i.order, i.store, i.terminal, i.about,
		i.tokenHash, i.created.UnixMilli(), i.expires.UnixMilli(), i.updated.UnixMilli())
	return err
}

func (s *Server) readCreate(c *call, o strictjson.Object) (intent, error) {
	now := s.now().Truncate(time.Millisecond)
	i := intent{organisation: c.client.organisation, merchantID: c.client.merchantID, status: requiresMethod, created: now, updated: now}
	var ok bool
	if i.amount, ok = o.Integer("amount"); !ok || i.amount < 1 {
		return intent{}, unfit("amount", "amount must be a whole number from 1 to 2^53-1, in the currency's smallest unit")
	}
	if i.currency, ok = o.Text("currency"); !ok || !currencyText.MatchString(i.currency) {
		return intent{}, unfit("currency", "currency must be an ISO 4217 code")
	}
	if i.ref, ok = o.Text("merchant_ref_id"); !ok || i.ref == "" || len(i.ref) > 100 {
		return intent{}, unfit("merchant_ref_id", "merchant_ref_id must have 1 to 100 bytes")
	}
	var err error
	if i.methods, i.mode, err = readMethods(o); err != nil {
		return intent{}, err
	}
	minutes := int64(defaultMinutes)
	if o.Has("expires_in_minutes") {
		if minutes, ok = o.Integer("expires_in_minutes"); !ok || minutes < 1 || minutes > maxMinutes {
			return intent{}, unfit("expires_in_minutes", "expires_in_minutes must be 1 to 1440")
		}
	}
	i.expires = now.Add(time.Duration(minutes) * time.Minute)
	for _, f := range []struct {
		name string
		into *string
	}{
		{"store_id", &i.store}, {"merchant_store_id", &i.store}, {"merchant_terminal_id", &i.terminal}, {"order_id", &i.order},
		{"description", &i.about}, {"merchant_id", &i.merchantID},
	} {
		if !o.Has(f.name) {
			continue
		}
		if *f.into, ok = o.Text(f.name); !ok || len(*f.into) > 500 {
			return intent{}, unfit(f.name, f.name+" must be text of at most 500 bytes")
		}
	}
	return i, checkMerchant(c.tx, i)
}

// readMethods reads the plural or the singular, and the mode, which the first method decides unless it is given.
func readMethods(o strictjson.Object) (list []string, mode string, err error) {
	bad := unfit("payment_method_types", "payment_method_types must be a list of qr_mpm, qr_cpm, credit_card, card, e_money or cash")
	if values, there := o.List("payment_method_types"); there {
		for _, raw := range values {
			var name string
			if json.Unmarshal(raw, &name) != nil {
				return nil, "", bad
			}
			list = append(list, name)
		}
	} else if name, there := o.Text("payment_method_type"); there {
		list = []string{name}
	}
	if len(list) == 0 || len(list) > 10 {
		return nil, "", bad
	}
	for _, name := range list {
		if methods[name] == "" {
			return nil, "", bad
		}
	}
	mode, ok := o.Optional("processing_mode")
	switch {
	case !ok, mode != "" && mode != modeGateway && mode != modeExternal && mode != modeManual:
		return nil, "", unfit("processing_mode", "processing_mode must be pgw_processed, external or manual")
	case mode == "":
		mode = methods[list[0]]
	}
	return list, mode, nil
}

// checkMerchant wants a merchant of the key's own organisation that is active.
func checkMerchant(tx *sql.Tx, i intent) error {
	var active int
	err := tx.QueryRow("SELECT count(*) FROM pgw_merchant WHERE organisation = ? AND id = ? AND status = 'active'", i.organisation, i.merchantID).Scan(&active)
	if err == nil && active == 0 {
		return unfit("merchant_id", "no active merchant of this organisation has this id")
	}
	return err
}
