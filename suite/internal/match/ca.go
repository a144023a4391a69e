package match

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"assay/pebble"
)

// HaveValidated: the CA validated this name by this challenge type, and by no
// other (RFC 8555 §8; RFC 8737 §3).
func HaveValidated(challenge, hostname string) types.GomegaMatcher {
	return match(fmt.Sprintf("%s validated by %s and nothing else", hostname, challenge), func(j *pebble.Journal) (bool, string) {
		ok := j.Validated(challenge, hostname)
		for _, e := range j.Validations() {
			if e.Valid() && e.Challenge != challenge {
				ok = false
			}
		}
		return ok, Lines(j.Validations(), "no validation at all")
	})
}

// HaveAttemptedOnly: no challenge of another type was ever put to the test.
func HaveAttemptedOnly(challenge string) types.GomegaMatcher {
	return match("validation attempted by "+challenge+" alone", func(j *pebble.Journal) (bool, string) {
		ok := len(j.Validations()) > 0
		for _, e := range j.Validations() {
			ok = ok && e.Challenge == challenge
		}
		return ok, Lines(j.Validations(), "no validation at all")
	})
}

// HaveIssued: the CA issued this many certificates.
func HaveIssued(n int) types.GomegaMatcher {
	return match(fmt.Sprintf("%d certificates issued by the CA", n), func(j *pebble.Journal) (bool, string) {
		return len(j.Issued()) == n, fmt.Sprintf("%d\n%s", len(j.Issued()), Lines(j.Issued(), ""))
	})
}

// HaveOrdered: clients asked the CA for this many orders.
func HaveOrdered(n int) types.GomegaMatcher {
	return match(fmt.Sprintf("%d orders", n), func(j *pebble.Journal) (bool, string) {
		orders := j.Requests(pebble.KindNewOrder)
		return len(orders) == n, fmt.Sprintf("%d\n%s", len(orders), Lines(j.Entries(), "no request at all"))
	})
}

// HaveInjected: this many injected faults befell a request.
func HaveInjected(n int) types.GomegaMatcher {
	return match(fmt.Sprintf("%d requests that an injected fault befell", n), func(j *pebble.Journal) (bool, string) {
		return len(j.Faults()) == n, Lines(j.Requests(pebble.KindAny), "no request at all")
	})
}

// HaveNoRequests: no client asked the CA for anything.
func HaveNoRequests() types.GomegaMatcher {
	return match("no request to the CA", func(j *pebble.Journal) (bool, string) {
		requests := j.Requests(pebble.KindAny)
		return len(requests) == 0, Lines(requests, "none")
	})
}

// HaveOneAccount: the CA made one account, and every order is its (RFC 8555
// §7.1.2).
func HaveOneAccount() types.GomegaMatcher {
	return match("one account made by the CA, and every order of that account", func(j *pebble.Journal) (bool, string) {
		var accounts []string
		made := j.Filter(func(e pebble.Entry) bool { return e.Kind == pebble.KindNewAccount && e.Status == http.StatusCreated })
		orders := j.Requests(pebble.KindNewOrder)
		for _, e := range append(made, orders...) {
			if !slices.Contains(accounts, e.Account) {
				accounts = append(accounts, e.Account)
			}
		}
		ok := len(made) == 1 && len(accounts) == 1 && len(orders) > 0
		return ok, fmt.Sprintf("%d made; accounts %v\n%s", len(made), accounts, Lines(append(made, orders...), ""))
	})
}

// HaveRegistered: an account was made that agreed to the CA's terms and has
// exactly these contacts (RFC 8555 §7.3).
func HaveRegistered(contact []string) types.GomegaMatcher {
	return match(fmt.Sprintf("an account that agrees to the terms of service, with contact %v", contact), func(j *pebble.Journal) (bool, string) {
		for _, e := range j.Requests(pebble.KindNewAccount) {
			if e.Status == http.StatusCreated {
				return e.TermsAgreed && slices.Equal(e.Contact, contact), fmt.Sprintf("agreed: %t, contact %v", e.TermsAgreed, e.Contact)
			}
		}
		return false, Lines(j.Requests(pebble.KindNewAccount), "no account")
	})
}

// HaveIssuedNothingWithin: nothing was issued, and the CA was asked in vain no more often
// than this.
func HaveIssuedNothingWithin(validations, orders int) types.GomegaMatcher {
	expected := fmt.Sprintf("nothing issued, at most %d failed validations and %d orders", validations, orders)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		tried, ordered := j.Validations(), j.Requests(pebble.KindNewOrder)
		ok := len(tried) <= validations && len(ordered) <= orders && len(j.Issued()) == 0
		return ok, fmt.Sprintf("%d failed validations, %d orders\n%s", len(tried), len(ordered), Lines(append(tried, ordered...), ""))
	})
}

// Lines are journal entries, one a line.
func Lines(entries []pebble.Entry, none string) string {
	if len(entries) == 0 {
		return none
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.String())
	}
	return strings.Join(all, "\n")
}

// Bounds that no trouble may break. They are those of Let's Encrypt (Rate
// Limits: 5 failed validations for an account and name each hour, 5
// certificates for one set of names each week): who stays within them can try
// again when the trouble is over.
const (
	OrdersAtMost   = 5
	FailuresAtMost = 5
)

// HaveOrderedAtMost: clients of the CA placed no more orders than this.
func HaveOrderedAtMost(n int) types.GomegaMatcher { return HaveAskedAtMost(pebble.KindNewOrder, n) }

// HaveAskedAtMost: there were no more requests of this kind; for
// [pebble.KindTLS], no more connections that the CA turned away.
func HaveAskedAtMost(kind pebble.Kind, n int) types.GomegaMatcher {
	return match(fmt.Sprintf("at most %d times %s at the CA", n, kind), func(j *pebble.Journal) (bool, string) {
		asked := j.Filter(func(e pebble.Entry) bool { return e.Kind == kind })
		return len(asked) <= n, fmt.Sprintf("%d\n%s", len(asked), Lines(asked[:min(len(asked), 12)], ""))
	})
}

// HaveIssuedAtMost: the CA issued no more certificates than this.
func HaveIssuedAtMost(n int) types.GomegaMatcher {
	return match(fmt.Sprintf("at most %d certificates issued by the CA", n), func(j *pebble.Journal) (bool, string) {
		return len(j.Issued()) <= n, fmt.Sprintf("%d\n%s", len(j.Issued()), Lines(j.Issued(), ""))
	})
}

// HaveWaited succeeds if between the first two requests of this kind lies at
// least this time.
func HaveWaited(kind pebble.Kind, pause time.Duration) types.GomegaMatcher {
	return within(pause, fmt.Sprintf("a second %s, %s after the first or later", kind, pause), func(j *pebble.Journal) (bool, string) {
		asked := j.Requests(kind)
		if len(asked) < 2 {
			return false, Lines(asked, "none")
		}
		waited := asked[1].T - asked[0].T
		return waited >= pause, fmt.Sprintf("after %s\n%s", waited.Round(time.Millisecond), Lines(asked, ""))
	})
}
