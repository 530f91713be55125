package posstream

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// Names of events. createOrder is the vendor's; the others are ours.
const (
	createOrder  = "create_order"
	addItem      = "add_item"
	removeItem   = "remove_item"
	updateItem   = "update_item"
	addTender    = "add_tender"
	removeTender = "remove_tender"
	closeOrder   = "close_order"
	voidOrder    = "void_order"
)

var kinds = []string{createOrder, addItem, removeItem, updateItem, addTender, removeTender, closeOrder, voidOrder}

func madeUp(kind string) bool { return slices.Contains(kinds, kind) }

// shop makes up what happens at one POS. The same POS has the same day each time. It is not safe for concurrent use.
type shop struct {
	random *rand.Rand
	pos    string
	orders int
	order  *order // the one that is open
}

// Amounts are whole yen; tax is in the prices' sum as 10 %.
type order struct {
	OrderID      string   `json:"order_id"`
	OrderNumber  string   `json:"order_number"`
	SiteID       string   `json:"site_id"`
	TerminalID   string   `json:"terminal_id"`
	BusinessDate string   `json:"business_date"`
	CreatedAt    string   `json:"created_at"`
	OrderType    string   `json:"order_type"`
	Items        []item   `json:"items"`
	Tenders      []tender `json:"tenders,omitempty"`
	Subtotal     int      `json:"subtotal"`
	Tax          int      `json:"tax"`
	Total        int      `json:"total"`
	lines        int
}

type item struct {
	LineID    string `json:"line_id"`
	ItemID    string `json:"item_id"`
	Name      string `json:"name"`
	Quantity  int    `json:"quantity"`
	UnitPrice int    `json:"unit_price"`
	Total     int    `json:"total"`
}

type tender struct {
	TenderID string `json:"tender_id"`
	Kind     string `json:"kind"`
	Amount   int    `json:"amount"`
}

// change is an event on an order that is there.
type change struct {
	OrderID string  `json:"order_id"`
	At      string  `json:"at"`
	Item    *item   `json:"item,omitempty"`
	Tender  *tender `json:"tender,omitempty"`
	Total   int     `json:"total"`
}

var menu = []struct {
	id, name string
	price    int
}{
	{"coffee", "コーヒー ☕", 450}, {"tea", "紅茶", 420}, {"toast", "トースト", 380}, {"curry", "カレーライス", 980},
	{"sandwich", "Sandwich", 650}, {"cake", "Käsekuchen", 520}, {"water", "Water", 150},
}

func newShop(pos string) *shop {
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(pos))
	return &shop{random: rand.New(rand.NewPCG(seed.Sum64(), 7)), pos: pos} //nolint:gosec // a made-up day, the same each time.
}

// maxLines is the most items and tenders that an order ever had: a hundred thousand on one would take minutes to add up.
const maxLines = 100

// happens makes up one event. A change without an order to change, or of a full one, begins one unseen.
func (s *shop) happens(kind string, now time.Time) json.RawMessage {
	if kind == createOrder || s.order == nil || s.order.lines >= maxLines {
		s.begin(now)
	}
	o := s.order
	var event any = o
	if kind != createOrder {
		c := change{OrderID: o.OrderID, At: now.UTC().Format(time.RFC3339)}
		s.change(kind, &c)
		c.Total = o.Total
		event = c
	}
	text, _ := json.Marshal(event) //nolint:errchkjson // strings and numbers only.
	return text
}

func (s *shop) begin(now time.Time) {
	s.orders++
	s.order = &order{
		OrderID: fmt.Sprintf("%s-%06d", s.pos, s.orders), OrderNumber: fmt.Sprint(s.orders), SiteID: "SITE-1", TerminalID: s.pos,
		BusinessDate: now.UTC().Format(time.DateOnly), CreatedAt: now.UTC().Format(time.RFC3339),
		OrderType: []string{"dine_in", "take_out"}[s.random.IntN(2)],
	}
	for range 1 + s.random.IntN(4) {
		s.add()
	}
}

// change does what the event says to the open order.
func (s *shop) change(kind string, c *change) {
	o := s.order
	switch kind {
	case addItem:
		c.Item = s.add()
	case updateItem:
		if len(o.Items) == 0 {
			s.add()
		}
		i := s.random.IntN(len(o.Items))
		o.Items[i].Quantity++
		o.Items[i].Total = o.Items[i].Quantity * o.Items[i].UnitPrice
		c.Item = &o.Items[i]
	case removeItem:
		if len(o.Items) == 0 {
			s.add()
		}
		i := s.random.IntN(len(o.Items))
		gone := o.Items[i]
		o.Items = slices.Delete(o.Items, i, i+1)
		c.Item = &gone
	case addTender:
		o.lines++
		o.Tenders = append(o.Tenders, tender{TenderID: fmt.Sprintf("T%d", o.lines), Kind: []string{"cash", "credit_card"}[s.random.IntN(2)], Amount: o.Total})
		c.Tender = &o.Tenders[len(o.Tenders)-1]
	case removeTender:
		c.Tender = &tender{TenderID: "T0", Kind: "cash"}
		if last := len(o.Tenders) - 1; last >= 0 {
			gone := o.Tenders[last]
			c.Tender, o.Tenders = &gone, o.Tenders[:last]
		}
	case closeOrder, voidOrder:
		s.order = nil
	}
	o.sum()
}

func (s *shop) add() *item {
	o, dish := s.order, menu[s.random.IntN(len(menu))]
	quantity := 1 + s.random.IntN(3)
	o.lines++
	o.Items = append(o.Items, item{
		LineID: fmt.Sprint(o.lines), ItemID: dish.id, Name: dish.name, Quantity: quantity, UnitPrice: dish.price, Total: quantity * dish.price,
	})
	o.sum()
	return &o.Items[len(o.Items)-1]
}

func (o *order) sum() {
	o.Subtotal = 0
	for _, i := range o.Items {
		o.Subtotal += i.Total
	}
	o.Tax = o.Subtotal / 10
	o.Total = o.Subtotal + o.Tax
}
