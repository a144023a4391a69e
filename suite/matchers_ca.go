package suite

import (
	"fmt"
	"strings"

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
		return ok, lines(j.Validations(), "no validation at all")
	})
}

// HaveAttemptedOnly: no challenge of another type was ever put to the test.
func HaveAttemptedOnly(challenge string) types.GomegaMatcher {
	return match("validation attempted by "+challenge+" alone", func(j *pebble.Journal) (bool, string) {
		ok := len(j.Validations()) > 0
		for _, e := range j.Validations() {
			ok = ok && e.Challenge == challenge
		}
		return ok, lines(j.Validations(), "no validation at all")
	})
}

// HaveIssued: the CA issued this many certificates.
func HaveIssued(n int) types.GomegaMatcher {
	return match(fmt.Sprintf("%d certificates issued by the CA", n), func(j *pebble.Journal) (bool, string) {
		return len(j.Issued()) == n, fmt.Sprintf("%d\n%s", len(j.Issued()), lines(j.Issued(), ""))
	})
}

// HaveInjected: this many injected faults befell a request.
func HaveInjected(n int) types.GomegaMatcher {
	return match(fmt.Sprintf("%d requests that an injected fault befell", n), func(j *pebble.Journal) (bool, string) {
		return len(j.Faults()) == n, lines(j.Requests(pebble.KindAny), "no request at all")
	})
}

// HaveNoRequests: no client asked the CA for anything.
func HaveNoRequests() types.GomegaMatcher {
	return match("no request to the CA", func(j *pebble.Journal) (bool, string) {
		requests := j.Requests(pebble.KindAny)
		return len(requests) == 0, lines(requests, "none")
	})
}

// lines are journal entries, one a line.
func lines(entries []pebble.Entry, none string) string {
	if len(entries) == 0 {
		return none
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.String())
	}
	return strings.Join(all, "\n")
}
