package match

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"assay/pebble"
)

// HaveValidated succeeds if the CA validated this name by this challenge type,
// and by no other (RFC 8555 §8; RFC 8737 §3).
func HaveValidated(challenge, hostname string) types.GomegaMatcher {
	expected := fmt.Sprintf("%s validated by %s and nothing else", hostname, challenge)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		ok := j.Validated(challenge, hostname)
		for _, e := range j.Validations() {
			if e.Valid() && e.Challenge != challenge {
				ok = false
			}
		}
		return ok, Lines(j.Validations(), "no validation at all")
	})
}

// HaveAnsweredPerspectives succeeds if the CA looked for a challenge of this type from
// several perspectives, and this many of them had the right answer from the server. Of
// several validations the last valid one counts, or the last one if none is valid.
func HaveAnsweredPerspectives(challenge string, n int) types.GomegaMatcher {
	expected := fmt.Sprintf("the right answer to %s for %d perspectives of the CA", challenge, n)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		var verdict pebble.Entry
		for _, e := range j.Validations() {
			if e.Challenge == challenge && (e.Valid() || !verdict.Valid()) {
				verdict = e
			}
		}
		found := j.Filter(func(e pebble.Entry) bool {
			return e.Kind == pebble.KindPerspective && e.Challenge == challenge &&
				e.Order == verdict.Order
		})
		if len(found) == 0 {
			return false, LastLines(j.Entries(), "no request at all")
		}
		slices.SortFunc(found, func(a, b pebble.Entry) int {
			return strings.Compare(a.Perspective, b.Perspective)
		})
		answered := 0
		var all []string
		for _, e := range found {
			if e.State == "valid" {
				answered++
			}
			all = append(all, fmt.Sprintf("%s: %s", e.Perspective, cmp.Or(e.Detail, e.State)))
		}
		return answered == n,
			fmt.Sprintf("for %d of %d\n%s", answered, len(found), strings.Join(all, "\n"))
	})
}

// HaveAttemptedOnly succeeds if the CA was asked to validate challenges of this
// type, and of no other.
func HaveAttemptedOnly(challenge string) types.GomegaMatcher {
	expected := "validation attempted by " + challenge + " alone"
	return match(expected, func(j *pebble.Journal) (bool, string) {
		ok := len(j.Validations()) > 0
		for _, e := range j.Validations() {
			ok = ok && e.Challenge == challenge
		}
		return ok, Lines(j.Validations(), "no validation at all")
	})
}

// HaveNoFailedValidation succeeds if every validation that the CA attempted
// succeeded, and there was one at least.
func HaveNoFailedValidation() types.GomegaMatcher {
	return match("validations that all succeed", func(j *pebble.Journal) (bool, string) {
		all := j.Validations()
		failed := slices.ContainsFunc(all, func(e pebble.Entry) bool { return !e.Valid() })
		return len(all) > 0 && !failed, Lines(all, "no validation at all")
	})
}

// HaveIssued succeeds if the CA issued this many certificates.
func HaveIssued(n int) types.GomegaMatcher {
	expected := numbered(n, "certificate") + " issued by the CA"
	return match(expected, func(j *pebble.Journal) (bool, string) {
		return len(j.Issued()) == n, fmt.Sprintf("%d\n%s", len(j.Issued()), Lines(j.Issued(), ""))
	})
}

// HaveIssuedOfEachKey succeeds if the CA issued a certificate, and no more than this many
// for any type of key. Which types a server orders, and when, is its own affair.
func HaveIssuedOfEachKey(n int) types.GomegaMatcher {
	expected := "at most " + numbered(n, "certificate") + " issued by the CA for each type of key"
	return match(expected, func(j *pebble.Journal) (bool, string) {
		issued, most := map[string]int{}, 0
		for _, e := range j.Issued() {
			issued[e.KeyAlgorithm]++
			most = max(most, issued[e.KeyAlgorithm])
		}
		return most > 0 && most <= n, fmt.Sprintf("%d\n%s", len(j.Issued()), Lines(j.Issued(), ""))
	})
}

// HaveIssuedLike succeeds if the CA issued no more certificates than this with a key of the
// leaf's type.
func HaveIssuedLike(leaf *x509.Certificate, n int) types.GomegaMatcher {
	kind := leaf.PublicKeyAlgorithm.String()
	expected := fmt.Sprintf("at most %s issued by the CA with a key of type %s",
		numbered(n, "certificate"), kind)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		found := j.Filter(func(e pebble.Entry) bool {
			return e.Kind == pebble.KindIssued && e.KeyAlgorithm == kind
		})
		return len(found) <= n, fmt.Sprintf("%d\n%s", len(found), Lines(found, ""))
	})
}

// HaveIssuedEachOrder succeeds if there was an order, and every order ended in a certificate.
func HaveIssuedEachOrder() types.GomegaMatcher {
	return match("as many certificates as orders", func(j *pebble.Journal) (bool, string) {
		orders, issued := j.Requests(pebble.KindNewOrder), j.Issued()
		seen := fmt.Sprintf("%s and %s\n%s", numbered(len(orders), "order"),
			numbered(len(issued), "certificate"), Lines(append(orders, issued...), ""))
		return len(orders) > 0 && len(orders) == len(issued), seen
	})
}

// HaveOrderedOnly succeeds if every order was for this name alone.
func HaveOrderedOnly(name string) types.GomegaMatcher {
	return match("orders for "+name+" alone", func(j *pebble.Journal) (bool, string) {
		others := j.Filter(func(e pebble.Entry) bool {
			return e.Kind == pebble.KindNewOrder && !slices.Equal(e.Identifiers, []string{name})
		})
		return len(others) == 0, Lines(others, "")
	})
}

// HaveOrdered succeeds if clients placed this many orders at the CA.
func HaveOrdered(n int) types.GomegaMatcher {
	return match(numbered(n, "order"), func(j *pebble.Journal) (bool, string) {
		orders := j.Requests(pebble.KindNewOrder)
		shown := Lines(orders, "") // the evidence has the whole journal
		if len(orders) == 0 {
			shown = LastLines(j.Entries(), "no request at all")
		}
		return len(orders) == n, fmt.Sprintf("%d\n%s", len(orders), shown)
	})
}

// HaveInjected succeeds if this many requests met an injected fault.
func HaveInjected(n int) types.GomegaMatcher {
	expected := numbered(n, "request") + " that met an injected fault"
	return match(expected, func(j *pebble.Journal) (bool, string) {
		return len(j.Faults()) == n, LastLines(j.Requests(pebble.KindAny), "no request at all")
	})
}

// HaveOneAccount succeeds if the CA made one account, and that account placed
// every order (RFC 8555 §7.1.2).
func HaveOneAccount() types.GomegaMatcher {
	expected := "one account made by the CA, and every order of that account"
	return match(expected, func(j *pebble.Journal) (bool, string) {
		var accounts []string
		made := j.Filter(func(e pebble.Entry) bool {
			return e.Kind == pebble.KindNewAccount && e.Status == http.StatusCreated
		})
		orders := j.Requests(pebble.KindNewOrder)
		for _, e := range append(made, orders...) {
			if !slices.Contains(accounts, e.Account) {
				accounts = append(accounts, e.Account)
			}
		}
		ok := len(made) == 1 && len(accounts) == 1 && len(orders) > 0
		all := Lines(append(made, orders...), "")
		return ok, fmt.Sprintf("%d made; accounts %v\n%s", len(made), accounts, all)
	})
}

// HaveRegistered succeeds if the CA made an account that agreed to its terms of
// service and has exactly these contacts (RFC 8555 §7.3).
func HaveRegistered(contact []string) types.GomegaMatcher {
	expected := fmt.Sprintf("an account that agrees to the terms of service, with contact %v", contact)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		for _, e := range j.Requests(pebble.KindNewAccount) {
			if e.Status == http.StatusCreated {
				seen := fmt.Sprintf("agreed: %t, contact %v", e.TermsAgreed, e.Contact)
				return e.TermsAgreed && slices.Equal(e.Contact, contact), seen
			}
		}
		return false, Lines(j.Requests(pebble.KindNewAccount), "no account")
	})
}

// HaveIssuedNothingWithin succeeds if the CA issued no certificate, and counts no
// more failed validations and no more orders than these.
func HaveIssuedNothingWithin(validations, orders int) types.GomegaMatcher {
	expected := fmt.Sprintf("nothing issued, at most %s and %s",
		numbered(validations, "failed validation"), numbered(orders, "order"))
	return match(expected, func(j *pebble.Journal) (bool, string) {
		tried, ordered := j.Validations(), j.Requests(pebble.KindNewOrder)
		ok := len(tried) <= validations && len(ordered) <= orders && len(j.Issued()) == 0
		return ok, fmt.Sprintf("%s, %s, %s\n%s", numbered(len(tried), "failed validation"),
			numbered(len(ordered), "order"), numbered(len(j.Issued()), "certificate"),
			Lines(append(tried, ordered...), ""))
	})
}

// numbered returns a number with the word for what is counted.
func numbered(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// LastLines returns the [Lines] of the last entries, for a message. The evidence has the
// whole journal.
func LastLines(entries []pebble.Entry, none string) string {
	const most = 6
	return Lines(entries[max(0, len(entries)-most):], none)
}

// Lines returns journal entries as text, one entry a line, or none if there are
// no entries. Of many entries it returns the first and the last ones; the evidence
// has the whole journal.
func Lines(entries []pebble.Entry, none string) string {
	if len(entries) == 0 {
		return none
	}
	const most, first = 20, 12
	var all []string
	for i, e := range entries {
		left := len(entries) - most
		switch {
		case left <= 0 || i < first || i >= first+left:
			all = append(all, e.String())
		case i == first:
			all = append(all, fmt.Sprintf("… %d more …", left))
		}
	}
	return strings.Join(all, "\n")
}

// OrdersAtMost and FailuresAtMost bound what a server may cost its CA while
// something is wrong. They are Let's Encrypt's limits: 5 failed validations for
// an account and name each hour, and 5 certificates for one set of names each
// week. A server that stays within them can try again when all is well.
const (
	OrdersAtMost   = 5
	FailuresAtMost = 5
)

// HaveOrderedAtMost succeeds if clients placed no more orders than this.
func HaveOrderedAtMost(n int) types.GomegaMatcher { return HaveAskedAtMost(pebble.KindNewOrder, n) }

// HaveAskedAtMost succeeds if the CA got no more requests of this kind. For
// [pebble.KindTLS] it counts the connections that the CA turned away.
func HaveAskedAtMost(kind pebble.Kind, n int) types.GomegaMatcher {
	expected := fmt.Sprintf("at most %d times %s at the CA", n, kind)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		asked := j.Filter(func(e pebble.Entry) bool { return e.Kind == kind })
		first := Lines(asked[:min(len(asked), 12)], "")
		return len(asked) <= n, fmt.Sprintf("%d\n%s", len(asked), first)
	})
}

// HaveAskedAtMostFor succeeds if no order was asked for more often than this while it was in
// this state.
func HaveAskedAtMostFor(state string, n int) types.GomegaMatcher {
	expected := "at most " + numbered(n, "request") + " for an order that is " + state
	return match(expected, func(j *pebble.Journal) (bool, string) {
		polls, most := map[string][]pebble.Entry{}, []pebble.Entry(nil)
		for _, e := range j.Requests(pebble.KindOrder) {
			if e.State != state {
				continue
			}
			if polls[e.Order] = append(polls[e.Order], e); len(polls[e.Order]) > len(most) {
				most = polls[e.Order]
			}
		}
		return len(most) <= n, counted(most)
	})
}

// HaveIssuedAtMost succeeds if the CA issued no more certificates than this.
func HaveIssuedAtMost(n int) types.GomegaMatcher {
	expected := "at most " + numbered(n, "certificate") + " issued by the CA"
	return match(expected, func(j *pebble.Journal) (bool, string) {
		return len(j.Issued()) <= n, fmt.Sprintf("%d\n%s", len(j.Issued()), Lines(j.Issued(), ""))
	})
}

// HaveWaited succeeds if the second request of this kind came at least this time
// after the first.
func HaveWaited(kind pebble.Kind, pause time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("a second %s, %s after the first or later", kind, pause)
	return within(pause, expected, func(j *pebble.Journal) (bool, string) {
		asked := j.Requests(kind)
		if len(asked) < 2 {
			return false, Lines(asked, "none")
		}
		waited := asked[1].T - asked[0].T
		seen := fmt.Sprintf("after %s\n%s", waited.Round(time.Millisecond), Lines(asked, ""))
		return waited >= pause, seen
	})
}
