package mpac

// States and what moves them (protocol section 2.4 and conflict C6). A machine is pure: what is not in it is a conflict.
type machine map[string]map[string]string

// next gives the state after an event, or the refusal 409.
func (m machine) next(state, event string) (string, error) {
	to, allowed := m[state][event]
	if !allowed {
		return state, conflict("in state " + state + " this cannot be done: " + event)
	}
	return to, nil
}

// Device statuses.
const (
	pending        = "pending"
	active         = "active"
	suspended      = "suspended"
	decommissioned = "decommissioned"
)

// Events of a device.
const (
	activate     = "activate"
	resume       = "resume"
	suspend      = "suspend"
	decommission = "decommission"
	release      = "release"
)

var deviceStates = machine{
	pending:        {activate: active},
	active:         {resume: active, suspend: suspended, decommission: decommissioned, release: pending},
	suspended:      {resume: active, suspend: suspended, decommission: decommissioned, release: pending},
	decommissioned: {decommission: decommissioned},
}

// Order, bill and payment states; pending is shared with devices.
const (
	open       = "open"
	billed     = "billed"
	completed  = "completed"
	cancelled  = "cancelled"
	partial    = "partial"
	paid       = "paid"
	processing = "processing"
	failed     = "failed"
	refunded   = "refunded"
)

// Events of orders, bills and payments.
const (
	change   = "change"
	bill     = "bill"
	cancel   = "cancel"
	settle   = "settle"
	partPay  = "part_pay"
	fullPay  = "full_pay"
	divide   = "split"
	merge    = "combine"
	process  = "process"
	complete = "complete"
	fail     = "fail"
	giveBack = "refund"
)

var orderStates = machine{
	open:      {change: open, bill: billed, cancel: cancelled},
	billed:    {settle: completed},
	completed: {},
	cancelled: {},
}

// A combined bill takes the place of its parts, which are cancelled.
var billStates = machine{
	pending:   {partPay: partial, fullPay: paid, divide: pending, merge: cancelled},
	partial:   {partPay: partial, fullPay: paid},
	paid:      {},
	cancelled: {},
}

var paymentStates = machine{
	pending:    {process: processing, complete: completed, fail: failed, cancel: cancelled},
	processing: {complete: completed, fail: failed, cancel: cancelled},
	completed:  {giveBack: refunded},
	refunded:   {giveBack: refunded},
	failed:     {},
	cancelled:  {},
}
