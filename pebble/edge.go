package pebble

import (
	"context"
	"crypto/x509"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/letsencrypt/pebble/v2/core"

	"assay/pebble/ari"
	"assay/pebble/limits"
	"assay/pebble/perspective"
	"assay/pebble/state"
)

// edge answers the requests of clients, with the answers of Pebble or of injected
// faults.
type edge struct {
	options  Options
	dialect  Dialect
	offer    []string
	backend  *backend
	dates    *dates
	journal  *Journal
	script   script
	down     atomic.Bool
	requests atomic.Int64 // so far
	progress *progress
	// suggestion says what renewal information certificates have, see [CA.Suggest].
	suggestion atomic.Pointer[func(*x509.Certificate) ari.Info]
	// perspectives is nil if Pebble validates alone.
	perspectives *perspective.Validator

	keeping  sync.Mutex      // held while something is written to Options.State
	ordering sync.RWMutex    // held during newOrder, see hideValidAuthorizations
	ctx      context.Context // ends when the CA closes
}

// faultDown names the fault in the journal's entries of a CA that is down.
const faultDown = "CA down"

// ServeHTTP answers one request of a client.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n := e.requests.Add(1); n > limits.Requests {
		if n == limits.Requests+1 {
			e.journal.add(Entry{From: "edge", To: "target", Kind: KindCA,
				What: "refuses all further requests", Detail: "too many requests"})
		}
		tooManyRequests.send(w, r)
		return
	}
	if a := e.ownCertificate(r); a != nil {
		a.send(w, r)
		return
	}
	x := readExchange(r)
	e.identify(x)
	e.date(x)
	a, fault := e.answer(x)
	e.dates.gaveOut(a.header.Get("Replay-Nonce"))
	if e.dates.clock != nil && a.header != nil { // there is none where no answer is sent
		a.header.Set("Date", e.dates.now().UTC().Format(http.TimeFormat))
	}
	e.record(x, a, fault)
	a.send(w, r)
}

// ownCertificate answers a request for a root or an intermediate of the CA, at the paths of
// Pebble's management interface, /roots/0 and /intermediates/0. It returns nil for another
// request.
func (e *edge) ownCertificate(r *http.Request) *answer {
	kind, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var all []*x509.Certificate
	switch {
	case r.Method != http.MethodGet:
		return nil
	case kind == "roots":
		all = []*x509.Certificate{e.backend.root()}
	case kind == "intermediates":
		all, _ = e.backend.intermediates()
	default:
		return nil
	}
	if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < len(all) {
		return newAnswer(http.StatusOK, "application/pem-certificate-chain",
			string(certificatePEM(all[n])))
	}
	return newAnswer(http.StatusNotFound, "text/plain; charset=utf-8", "no such certificate\n")
}

// tooManyRequests is the answer to a client that never stops (RFC 8555 §6.6).
var tooManyRequests = newAnswer(http.StatusTooManyRequests, "application/problem+json",
	`{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many requests"}`)

func (e *edge) answer(x *exchange) (a *answer, fault string) {
	if e.down.Load() {
		return &answer{dropped: true}, faultDown
	}
	if e.dates.isSpent(x.nonce) {
		return e.refuseNonce(x, "the nonce was used before"), ""
	}
	stale := e.dates.stale(x.nonce)
	if f := e.script.next(x.kind); f != nil {
		a := f.effect(e, x)
		if !a.dropped && !a.silent {
			e.dates.spend(x.nonce)
		}
		return a, f.name
	}
	if stale {
		e.dates.spend(x.nonce)
		return e.refuseNonce(x, "the nonce is too old"), ""
	}
	return e.respond(x), ""
}

// refuseNonce answers that a nonce is of no use, with another one (RFC 8555 §6.5).
func (e *edge) refuseNonce(x *exchange, why string) *answer {
	return e.problem(x, Problem{
		Type: acmeError + "badNonce", Detail: why, Status: http.StatusBadRequest,
	})
}

// identify finds the order and authorization that a request is about.
func (e *edge) identify(x *exchange) {
	store := e.backend.frontend.Load().store
	switch x.kind {
	case KindOrder, KindFinalize:
		x.order = x.id
	case KindAuthz:
		x.concerns(store.GetAuthorizationByID(x.id))
	case KindChallenge:
		if c := store.GetChallengeByID(x.id); c != nil {
			x.challenge = c.Type
			x.concerns(c.Authz)
		}
	}
}

// concerns notes the authorization that the exchange concerns, if there is one.
func (x *exchange) concerns(a *core.Authorization) {
	if a != nil {
		x.authz, x.order = a.ID, a.Order.ID // these fields never change
		x.names = []string{identifier(a)}
	}
}

// record writes an exchange with its answer into the journal.
func (e *edge) record(x *exchange, a *answer, fault string) {
	entry := Entry{
		From: "target", To: "edge", What: x.what(), Kind: x.kind, Fault: fault,
		Identifiers: x.names, Challenge: x.challenge, Order: x.order, Account: x.account,
	}
	a.describe(&entry)
	switch x.kind {
	case KindNewOrder:
		entry.Identifiers, entry.Replaces = x.identifiers(), x.payload.Replaces
		entry.Profile = x.payload.Profile
	case KindNewAccount:
		entry.Contact, entry.TermsAgreed = x.payload.Contact, x.payload.TermsAgreed
		entry.Account = lastSegment(a.header.Get("Location"))
	case KindAccount:
		entry.Contact = x.payload.Contact
	case KindCertificate:
		entry.Serial = plainSerial(x.id)
	case KindRenewalInfo:
		if serial, err := ari.Serial(x.id); err == nil {
			entry.Serial = serial.Text(16)
		}
	}
	if x.kind == KindAuthz && x.payload.Status != "" {
		entry.What += " " + x.payload.Status // "deactivated", the only change a client can make
	}
	e.journal.add(entry)
}

// askPebble lets Pebble answer the request.
func (e *edge) askPebble(x *exchange) *answer {
	a := &answer{header: make(http.Header)}
	e.backend.frontend.Load().handler.ServeHTTP(a, x.request)
	a.WriteHeader(http.StatusOK) // for handlers that write nothing
	if x.kind == KindNewOrder && a.status == http.StatusCreated {
		x.order = lastSegment(a.header.Get("Location"))
	}
	e.redate(x, a)
	e.keep(x, a)
	return a
}

// keep keeps the account that a request has made or changed, or the certificate that it has
// fetched, if the CA has a directory for that.
func (e *edge) keep(x *exchange, a *answer) {
	if e.options.State == "" || a.status >= http.StatusBadRequest {
		return
	}
	dir, store, id := e.options.State, e.backend.frontend.Load().store, x.account
	if x.kind == KindNewAccount {
		id = lastSegment(a.header.Get("Location"))
	}
	e.keeping.Lock()
	defer e.keeping.Unlock()
	var err error
	switch x.kind {
	case KindNewAccount, KindAccount, KindKeyChange:
		if account := store.GetAccountByID(id); account != nil {
			err = state.KeepAccount(dir, account)
		}
	case KindCertificate:
		order, unknown := store.GetOrderByIssuedSerial(x.id)
		if cert := store.GetCertificateByID(x.id); cert != nil && unknown == nil {
			err = state.KeepCertificate(dir, cert, order)
		}
	}
	if err != nil {
		e.journal.add(Entry{
			From: "edge", To: "ca", Kind: KindCA, What: "cannot keep its state", Detail: err.Error(),
		})
	}
}

// freshNonce asks Pebble for a nonce, for an answer that does not come from Pebble.
func (e *edge) freshNonce(x *exchange) string {
	r, err := http.NewRequestWithContext(x.request.Context(), http.MethodHead, pathNonce, nil)
	if err != nil {
		return ""
	}
	r.Header.Set("User-Agent", "edge") // required by RFC 8555 §6.1
	a := &answer{header: make(http.Header)}
	e.backend.frontend.Load().handler.ServeHTTP(a, r)
	return a.header.Get("Replay-Nonce")
}
