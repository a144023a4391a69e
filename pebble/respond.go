package pebble

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"

	"assay/pebble/ari"
	"assay/pebble/perspective"
)

// respond returns Pebble's answer to a request. Unless the dialect is Stock, it holds
// polls until what they ask for is decided, and never lets two of Pebble's handlers
// run for one order at the same time.
func (e *edge) respond(x *exchange) *answer {
	offer := x.offer
	var a *answer
	if e.dialect == Stock {
		a = e.askPebble(x)
	} else {
		a = e.respondInTurn(x)
		if offer == nil {
			offer = e.offer
		}
	}
	switch {
	case x.kind == KindAuthz && offer != nil:
		a.offerChallenges(offer, baseURL(x.request)+pathChallenge+x.authz+"-")
	case x.kind == KindDirectory && e.options.NoRenewalInfo:
		a.change(func(fields map[string]json.RawMessage) { delete(fields, "renewalInfo") })
	}
	if x.kind == KindDirectory && e.options.NoProfiles {
		a.change(withoutProfiles)
	}
	return a
}

func (e *edge) respondInTurn(x *exchange) *answer {
	ctx, cancel := context.WithTimeout(x.request.Context(), patience)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	switch {
	case x.kind == KindNewOrder:
		return e.newOrder(x)
	case x.kind == KindOrder:
		return e.pollOrder(ctx, x)
	case x.kind == KindFinalize:
		return e.finalize(ctx, x)
	case x.kind == KindChallenge && !x.postAsGet && x.authz != "":
		return e.tryChallenge(ctx, x)
	case x.authz != "": // an authorization, or a poll of a challenge
		return e.pollAuthz(ctx, x)
	}
	return e.askPebble(x)
}

// newOrder answers newOrder such that every order begins with a new authorization, but
// for those that may be reused. Let's Encrypt refuses orders with dates.
func (e *edge) newOrder(x *exchange) *answer {
	if e.dialect == LetsEncrypt && x.payload.NotBefore+x.payload.NotAfter != "" {
		e.dates.spend(x.nonce)
		return e.problem(x, Problem{
			Type: acmeError + "malformed", Detail: "NotBefore and NotAfter are not supported",
			Status: http.StatusBadRequest,
		})
	}
	e.ordering.Lock()
	defer e.ordering.Unlock()
	restore := e.hideValidAuthorizations(x)
	defer restore()
	e.findReplaced(x)
	a := e.askPebble(x)
	if x.payload.Profile == "" && len(e.options.Profiles) > 0 {
		e.chooseProfile(x, a)
	}
	return a
}

// chooseProfile gives an order that names no profile the default one.
func (e *edge) chooseProfile(x *exchange, a *answer) {
	order := e.backend.frontend.Load().store.GetOrderByID(x.order)
	if a.status != http.StatusCreated || order == nil {
		return
	}
	order.Lock()
	order.Profile = profile
	order.Unlock()
	a.change(func(fields map[string]json.RawMessage) {
		fields["profile"], _ = json.Marshal(profile) // a text can always be encoded
	})
}

// withoutProfiles leaves the profiles out of a directory's metadata.
func withoutProfiles(fields map[string]json.RawMessage) {
	var meta map[string]json.RawMessage
	if json.Unmarshal(fields["meta"], &meta) != nil {
		return
	}
	delete(meta, "profiles")
	if body, err := json.Marshal(meta); err == nil {
		fields["meta"] = body
	}
}

// findReplaced lets Pebble find the certificate that an order replaces where the content of
// its serial number begins with a zero byte (RFC 9773 §4.1): Pebble keeps the number
// without that byte.
func (e *edge) findReplaced(x *exchange) {
	serial, err := ari.Serial(x.payload.Replaces)
	if err != nil || serial.BitLen() == 0 || serial.BitLen()%8 != 0 {
		return
	}
	store := e.backend.frontend.Load().store
	known := hex.EncodeToString(serial.Bytes())
	asked := "00" + known
	if _, err := store.GetOrderByIssuedSerial(asked); err == nil {
		return
	}
	order, err := store.GetOrderByIssuedSerial(known)
	if err != nil {
		return
	}
	order.RLock()
	same := &core.Order{
		ID: order.ID, AccountID: order.AccountID, Order: order.Order, IsReplaced: order.IsReplaced,
		CertificateObject: &core.Certificate{ID: asked},
	}
	order.RUnlock()
	_ = store.AddOrderByIssuedSerial(same) // it has a certificate
}

// reusable reports whether a valid authorization serves for a further order now.
func (e *edge) reusable(a *core.Authorization) bool {
	if e.options.Reuse == 0 {
		return false
	}
	passed := e.dates.since(a.Order.ID)
	a.RLock()
	defer a.RUnlock()
	return a.Status == acme.StatusValid && a.ExpiresDate.After(time.Now().Add(passed))
}

// keepValid lets an authorization that has become valid live for as long as it may be
// reused. Pebble's own limit is an hour.
func (e *edge) keepValid(a *core.Authorization) {
	if e.options.Reuse == 0 {
		return
	}
	a.Lock()
	defer a.Unlock()
	a.ExpiresDate = time.Now().Add(e.options.Reuse)
	a.Expires = a.ExpiresDate.UTC().Format(time.RFC3339)
}

// hideValidAuthorizations hides the account's valid authorizations from Pebble until
// restore is called. Even when told to reuse 0 % of them, Pebble reuses one in a
// hundred, and that order would have no validation. Pebble finds authorizations by
// lower-case identifier, so writing the identifier in upper case hides them.
func (e *edge) hideValidAuthorizations(x *exchange) (restore func()) {
	store := e.backend.frontend.Load().store
	var hidden, reused []*core.Authorization
	for _, i := range x.payload.Identifiers {
		id := acme.Identifier{Type: i.Type, Value: strings.ToLower(i.Value)}
		for {
			a := store.FindValidAuthorization(x.account, id)
			if a == nil {
				break
			}
			write(a, strings.ToUpper)
			if identifierIs(a, id.Value) {
				break // an identifier without letters, such as an IPv4 address, cannot be hidden
			}
			if e.reusable(a) {
				reused = append(reused, a)
			} else {
				hidden = append(hidden, a)
			}
		}
	}
	for _, a := range reused {
		write(a, strings.ToLower)
	}
	return func() {
		for _, a := range hidden {
			write(a, strings.ToLower)
		}
	}
}

func write(a *core.Authorization, as func(string) string) {
	a.Lock()
	defer a.Unlock()
	a.Identifier.Value = as(a.Identifier.Value)
}

func identifierIs(a *core.Authorization, value string) bool {
	a.RLock()
	defer a.RUnlock()
	return a.Identifier.Value == value
}

// tryChallenge begins a validation.
func (e *edge) tryChallenge(ctx context.Context, x *exchange) *answer {
	// Pebble must not get a challenge of an authorization that is being validated
	// or is decided: it never unlocks the challenges that it removes from a decided
	// authorization, and would hang.
	wait(ctx, e.progress.ofAuthz(x.authz))
	if a := e.decided(x); a != nil {
		return a
	}
	unlock, ok := e.progress.lockOrder(x.request.Context(), x.order)
	if !ok {
		return e.busy(x)
	}
	defer unlock()
	e.announce(x)
	e.progress.beginValidation(x.authz, x.order)
	a := e.askPebble(x)
	if a.status != http.StatusOK {
		e.progress.endValidation(x.authz) // Pebble refused and validates nothing
	}
	return a
}

// announce tells the perspectives, if there are several, what Pebble is about to
// validate.
func (e *edge) announce(x *exchange) {
	store := e.backend.frontend.Load().store
	c := store.GetChallengeByID(x.id)
	if e.perspectives == nil || c == nil {
		return
	}
	account := store.GetAccountByID(c.Authz.Order.AccountID)
	if account == nil || account.Key == nil {
		return
	}
	e.perspectives.Expect(perspective.Challenge{
		ID: x.id, Order: x.order, Type: c.Type, Name: identifier(c.Authz), Token: c.Token,
		KeyAuthorization: c.ExpectedKeyAuthorization(account.Key),
	})
}

// decided returns the answer for a challenge of a decided authorization, which shows
// the challenge as it is. It returns nil if the authorization is not decided.
func (e *edge) decided(x *exchange) *answer {
	c := e.backend.frontend.Load().store.GetChallengeByID(x.id)
	if c == nil {
		return nil
	}
	c.Authz.RLock()
	pending := c.Authz.Status == acme.StatusPending
	c.Authz.RUnlock()
	if pending {
		return nil
	}
	c.RLock()
	defer c.RUnlock()
	body, err := json.Marshal(c.Challenge)
	if err != nil {
		return nil
	}
	a := newAnswer(http.StatusOK, "application/json", string(body))
	a.header.Set("Replay-Nonce", e.freshNonce(x))
	a.header.Set("Link", "<"+c.Authz.URL+`>;rel="up"`)
	e.redate(x, a)
	return a
}

// pollAuthz returns an authorization, or one of its challenges: after the verdict if
// it is being validated, otherwise at once.
func (e *edge) pollAuthz(ctx context.Context, x *exchange) *answer {
	wait(ctx, e.progress.ofAuthz(x.authz))
	unlock, ok := e.progress.lockOrder(x.request.Context(), x.order)
	if !ok {
		return e.busy(x)
	}
	defer unlock()
	e.ordering.RLock() // hidden authorizations must not be shown
	a := e.askPebble(x)
	e.ordering.RUnlock()
	return a
}

// pollOrder returns an order when Pebble does no more work for it.
func (e *edge) pollOrder(ctx context.Context, x *exchange) *answer {
	unlock, ok := e.lockIdleOrder(ctx, x)
	if !ok {
		return e.busy(x)
	}
	defer unlock()
	e.awaitCertificate(ctx, x.order)
	a := e.askPebble(x)
	if e.dates.processing(x.order) {
		e.showProcessing(a)
	}
	return a
}

// lockIdleOrder takes the order's lock when Pebble does no work for the order, or when
// the context ends.
func (e *edge) lockIdleOrder(ctx context.Context, x *exchange) (unlock func(), ok bool) {
	for {
		wait(ctx, e.progress.ofOrder(x.order))
		unlock, ok := e.progress.lockOrder(x.request.Context(), x.order)
		if !ok || ctx.Err() != nil || e.progress.ofOrder(x.order) == nil {
			return unlock, ok
		}
		unlock()
	}
}

// awaitCertificate waits until the order shows the certificate that Pebble has logged
// as signed. This takes microseconds, and Pebble has no event for it.
func (e *edge) awaitCertificate(ctx context.Context, id string) {
	if !e.progress.isSigned(id) {
		return
	}
	order := e.backend.frontend.Load().store.GetOrderByID(id)
	for order != nil && ctx.Err() == nil {
		order.RLock()
		done := order.CertificateObject != nil
		order.RUnlock()
		if done {
			return
		}
		runtime.Gosched()
	}
}

// finalize lets Pebble begin to issue the certificate in the background.
func (e *edge) finalize(ctx context.Context, x *exchange) *answer {
	unlock, ok := e.lockIdleOrder(ctx, x)
	if !ok {
		return e.busy(x)
	}
	defer unlock()
	e.progress.beginIssuance(x.order)
	a := e.askPebble(x)
	if a.status != http.StatusOK {
		e.progress.endIssuance(x.order) // Pebble refused and issues nothing
		return a
	}
	switch {
	case e.options.Finalize == Synchronous:
		wait(ctx, e.progress.ofOrder(x.order))
		e.awaitCertificate(ctx, x.order)
		e.showValid(x, a)
	case e.options.Processing > 0:
		e.dates.setProcessing(x.order, e.options.Processing)
		e.showProcessing(a)
	}
	if e.dialect == LetsEncrypt {
		a.header.Set("Location", baseURL(x.request)+pathOrder+x.order)
	}
	return a
}

// showValid makes the answer to finalize show the order with its certificate, if there is
// one.
func (e *edge) showValid(x *exchange, a *answer) {
	order := e.backend.frontend.Load().store.GetOrderByID(x.order)
	if order == nil {
		return
	}
	order.RLock()
	issued := order.CertificateObject
	order.RUnlock()
	if issued == nil {
		return
	}
	url, err := json.Marshal(baseURL(x.request) + pathCertificate + issued.ID)
	if err != nil {
		return
	}
	a.change(func(fields map[string]json.RawMessage) {
		fields["status"], fields["certificate"] = json.RawMessage(`"valid"`), url
	})
}

// showProcessing makes an answer show its order in the state processing, whatever Pebble
// has done for it.
func (e *edge) showProcessing(a *answer) {
	a.change(func(fields map[string]json.RawMessage) {
		if string(fields["status"]) == `"valid"` {
			fields["status"] = json.RawMessage(`"processing"`)
			delete(fields, "certificate")
		}
	})
	switch wait := e.options.RetryAfter; {
	case wait == 0:
	case e.options.RetryAfterDate:
		a.header.Set("Retry-After", asDate(e.dates.now().Add(wait)))
	default:
		a.header.Set("Retry-After", asSeconds(wait))
	}
}

// baseURL returns scheme and authority of the URLs in answers.
func baseURL(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// busy answers a request for an order whose lock could not be taken in time.
func (e *edge) busy(x *exchange) *answer {
	return e.problem(x, Problem{
		Type:   acmeError + "serverInternal",
		Detail: "the order is busy for too long",
		Status: http.StatusInternalServerError,
	})
}
