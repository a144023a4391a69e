package pebble

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/letsencrypt/pebble/v2/core"

	"assay/pebble/ari"
)

// dates makes the CA live at the time of [Options.Now]. Pebble itself takes the
// machine's time. The edge sets the dates of certificates before Pebble issues them,
// lets orders and authorizations expire, and changes the dates in answers.
type dates struct {
	clock func() time.Time // nil: the machine's

	mu sync.Mutex
	// ahead says, by order, how far ahead of the machine's clock the CA's was when
	// the order's dates were set last.
	ahead map[string]time.Duration
	// dated holds the orders for which the edge chose the certificate's dates.
	dated map[string]bool
	// processed holds, by order, when it leaves the state processing.
	processed map[string]time.Time
	// spent holds the nonces with which the edge has refused a request in Pebble's place.
	spent map[string]bool
	// nonces holds when nonces were given out; nil if they are good until used.
	nonces    map[string]time.Time
	nonceLife time.Duration
	// validity is the lifetime of certificates from now on; 0 means that of the options.
	validity atomic.Int64
}

func newDates(clock func() time.Time, nonceLife time.Duration) *dates {
	d := &dates{
		clock: clock, nonceLife: nonceLife,
		ahead: map[string]time.Duration{}, dated: map[string]bool{},
		processed: map[string]time.Time{}, spent: map[string]bool{},
	}
	if nonceLife > 0 {
		d.nonces = map[string]time.Time{}
	}
	return d
}

// gaveOut notes a nonce that an answer carries.
func (d *dates) gaveOut(nonce string) {
	if d.nonces == nil || nonce == "" {
		return
	}
	now := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nonces[nonce] = now
}

// spend notes that a request with this nonce was answered, without Pebble: a nonce is good
// once (RFC 8555 §6.5).
func (d *dates) spend(nonce string) {
	if nonce == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spent[nonce] = true
}

func (d *dates) isSpent(nonce string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.spent[nonce]
}

// stale reports whether a nonce is too old, and forgets it.
func (d *dates) stale(nonce string) bool {
	if d.nonces == nil {
		return false
	}
	now := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	given, known := d.nonces[nonce]
	delete(d.nonces, nonce)
	return known && now.Sub(given) > d.nonceLife
}

// now returns the CA's time.
func (d *dates) now() time.Time {
	if d.clock == nil {
		return time.Now()
	}
	return d.clock()
}

// lead returns how far the CA's clock is ahead of the machine's.
func (d *dates) lead() time.Duration {
	if d.clock == nil {
		return 0
	}
	return time.Until(d.clock()).Round(time.Second)
}

// since returns how much time has passed at the CA since the order's dates were set,
// beside what has passed on the machine.
func (d *dates) since(order string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if before, known := d.ahead[order]; known {
		return d.lead() - before
	}
	return 0
}

// setNow notes that the order's dates are right now.
func (d *dates) setNow(order string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead[order] = d.lead()
}

func (d *dates) setDated(order string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dated[order] = true
}

func (d *dates) isDated(order string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dated[order]
}

// setProcessing keeps an order in the state processing for this long.
func (d *dates) setProcessing(order string, span time.Duration) {
	until := d.now().Add(span)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.processed[order] = until
}

// processing reports whether an order is kept in the state processing.
func (d *dates) processing(order string) bool {
	now := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	return now.Before(d.processed[order])
}

// date prepares what a request is about for the CA's time, before Pebble sees it.
func (e *edge) date(x *exchange) {
	validity := time.Duration(e.dates.validity.Load())
	if x.order == "" || e.dates.clock == nil && validity == 0 {
		return
	}
	order := e.backend.frontend.Load().store.GetOrderByID(x.order)
	if order == nil || e.dates.since(x.order) == 0 && x.kind != KindFinalize {
		return
	}
	unlock, ok := e.progress.lockOrder(x.request.Context(), x.order)
	if !ok {
		return // the answer will say that the order is busy
	}
	defer unlock()
	order.Lock()
	defer order.Unlock()
	e.expire(order)
	if x.kind == KindFinalize && order.NotBefore == "" {
		order.NotBefore = e.notBefore()
		if validity > 0 && order.NotAfter == "" && (order.Profile == "" || order.Profile == profile) {
			end := e.dates.now().Add(validity - time.Second)
			order.NotAfter = end.UTC().Format(time.RFC3339)
		}
		e.dates.setDated(x.order)
	}
}

// expire takes the time that has passed at the CA from what is left of an order, which
// is locked, and of the authorizations that were made for it. An authorization that an
// order reuses belongs to an earlier one.
func (e *edge) expire(order *core.Order) {
	passed := e.dates.since(order.ID)
	e.dates.setNow(order.ID)
	order.ExpiresDate = order.ExpiresDate.Add(-passed)
	for _, a := range order.AuthorizationObjects {
		a.Lock()
		if a.Order == order {
			a.ExpiresDate = a.ExpiresDate.Add(-passed)
		}
		a.Unlock()
	}
}

// notBefore returns the beginning of the validity of a certificate that is issued now.
// Pebble derives the end from it.
func (e *edge) notBefore() string { return e.dates.now().UTC().Format(time.RFC3339) }

// redate changes the dates in Pebble's answer to those of the CA's clock.
func (e *edge) redate(x *exchange, a *answer) {
	if x.kind == KindNewOrder && x.order != "" {
		e.dates.setNow(x.order)
	}
	if x.kind == KindRenewalInfo && a.status == http.StatusOK {
		e.suggest(x, a)
	}
	if e.dates.clock == nil && e.dates.validity.Load() == 0 {
		return
	}
	if a.status >= http.StatusBadRequest ||
		!strings.Contains(a.header.Get("Content-Type"), "json") {
		return
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(a.body, &fields) != nil {
		return
	}
	store := e.backend.frontend.Load().store
	switch x.kind {
	case KindNewOrder, KindOrder, KindFinalize:
		if order := store.GetOrderByID(x.order); order != nil {
			e.redateOrder(fields, order)
		}
	case KindAuthz:
		if authz := store.GetAuthorizationByID(x.authz); authz != nil {
			authz.RLock()
			e.set(fields, "expires", authz.ExpiresDate)
			authz.RUnlock()
		}
		var challenges []map[string]json.RawMessage
		if json.Unmarshal(fields["challenges"], &challenges) == nil {
			for _, c := range challenges {
				e.redateValidated(c)
			}
			fields["challenges"], _ = json.Marshal(challenges) // of what was JSON
		}
	case KindChallenge:
		e.redateValidated(fields)
	default:
		return
	}
	if body, err := json.Marshal(fields); err == nil {
		a.body = body
	}
}

func (e *edge) redateOrder(fields map[string]json.RawMessage, order *core.Order) {
	order.RLock()
	defer order.RUnlock()
	e.set(fields, "expires", order.ExpiresDate)
	if e.dates.isDated(order.ID) {
		// The client has asked for no dates, and Let's Encrypt would show none.
		delete(fields, "notBefore")
		delete(fields, "notAfter")
	}
}

// suggest sets the renewal information for a certificate (RFC 9773 §4.2): what a spec wants,
// or, at a CA with a time of its own, what Let's Encrypt says. Pebble's window is two days
// long, and so begins before a certificate of one day does.
func (e *edge) suggest(x *exchange, a *answer) {
	wanted := e.suggestion.Load()
	if wanted == nil && e.dates.clock == nil {
		return
	}
	serial, err := ari.Serial(x.id)
	if err != nil {
		return
	}
	store := e.backend.frontend.Load().store
	cert := store.GetCertificateBySerial(serial)
	if cert == nil {
		return
	}
	var info ari.Info
	switch {
	case wanted != nil:
		info = (*wanted)(cert.Cert)
	case store.GetRevokedCertificateBySerial(serial) != nil:
		info = ari.Revoked(e.dates.now())
	default:
		info = ari.Usual(cert.Cert)
	}
	body, err := json.Marshal(info)
	if err != nil {
		return
	}
	a.body = body
	wait := cmp.Or(info.RetryAfter, ari.DefaultRetryAfter)
	a.header.Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
}

func (e *edge) redateValidated(fields map[string]json.RawMessage) {
	var text string
	if json.Unmarshal(fields["validated"], &text) != nil {
		return
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		e.set(fields, "validated", at)
	}
}

// set sets a field to a moment of the machine's clock, as the CA's clock shows it.
func (e *edge) set(fields map[string]json.RawMessage, name string, at time.Time) {
	text := at.Add(e.dates.lead()).UTC().Format(time.RFC3339)
	fields[name], _ = json.Marshal(text) // a text can always be encoded
}
