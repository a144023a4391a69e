package pebble

import (
	"crypto/x509"
	"slices"
	"strings"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
)

// events is the writer of Pebble's log, which is the only source of what Pebble does
// in the background. Lines arrive one at a time. Each arrives after the change that
// it reports, except that of an issued certificate, which arrives just before the
// order shows the certificate. Write must not log, and must not wait for a lock
// whose holder logs.
type events struct{ edge *edge }

// Write evaluates a line of Pebble's log. The lines that matter are:
//
//	authz A set VALID by completed challenge C
//	authz A set INVALID by completed challenge C
//	order O set INVALID by invalid authz A
//	Issued certificate serial S for order O
//	Error: unable to issue order: E
func (v events) Write(line []byte) (int, error) {
	e, words := v.edge, strings.Fields(string(line))
	is := func(pattern ...string) bool {
		if len(words) < len(pattern) {
			return false
		}
		for i, p := range pattern {
			if p != "" && p != words[i] {
				return false
			}
		}
		return true
	}
	switch {
	case is("authz", "", "set", "VALID", "by", "completed", "challenge", ""):
		if a := e.backend.frontend.Load().store.GetAuthorizationByID(words[1]); a != nil {
			e.keepValid(a)
		}
		e.verdict(words[1], words[7], "valid")
		e.progress.endValidation(words[1])
	case is("authz", "", "set", "INVALID", "by", "completed", "challenge", ""):
		e.verdict(words[1], words[7], "invalid")
	case is("order", "", "set", "INVALID", "by", "invalid", "authz", ""):
		// This is the last change that a failed validation makes.
		e.progress.endValidation(words[7])
	case is("Issued", "certificate", "serial", "", "for", "order", ""):
		e.issued(words[3], words[6])
	case is("Error:", "unable", "to", "issue", "order:"):
		e.journal.add(Entry{
			From: "ca", To: "edge", Kind: KindCA, What: "issuance failed",
			Detail: strings.TrimSpace(string(line)),
		})
		e.progress.endAllIssuances()
	}
	return len(line), nil
}

// verdict writes the result of a validation into the journal.
func (e *edge) verdict(authzID, challengeID, outcome string) {
	store := e.backend.frontend.Load().store
	entry := Entry{From: "ca", To: "edge", Kind: KindValidation, What: "challenge " + outcome}
	if c := store.GetChallengeByID(challengeID); c != nil {
		c.Lock()
		entry.Challenge, entry.State = c.Type, c.Status
		if c.Error != nil {
			e.explain(challengeID, c.Error)
			entry.Problem, entry.Detail = c.Error.Type, c.Error.Detail
		}
		c.Unlock()
		entry.What = "challenge " + entry.Challenge + " " + outcome
	}
	if a := store.GetAuthorizationByID(authzID); a != nil {
		entry.Identifiers, entry.Order = []string{identifier(a)}, a.Order.ID
	}
	e.journal.add(entry)
}

// explain puts what several perspectives have found in the place of Pebble's own words.
// No client has seen those yet.
func (e *edge) explain(challengeID string, problem *acme.ProblemDetails) {
	if e.perspectives == nil {
		return
	}
	if p := e.perspectives.Problem(challengeID); p != nil {
		problem.Type, problem.Detail = acmeError+p.Type, p.Detail
	}
}

// issued writes a certificate into the journal and releases the polls that wait for
// its order.
func (e *edge) issued(serial, orderID string) {
	if strings.HasPrefix(orderID, faultOrderPrefix) {
		return // a certificate that a fault made, see sign
	}
	entry := Entry{
		From: "ca", To: "edge", Kind: KindIssued, What: "certificate issued", Order: orderID,
	}
	c, err := e.backend.deliver(serial)
	if err != nil {
		entry.Detail = err.Error()
	} else {
		entry.Serial = c.Cert.SerialNumber.Text(16)
		entry.Identifiers = names(c.Cert)
		entry.NotAfter = c.Cert.NotAfter
		entry.KeyAlgorithm = c.Cert.PublicKeyAlgorithm.String()
	}
	e.journal.add(entry)
	e.progress.certificateSigned(orderID)
}

// names returns the subject alternative names of a certificate.
func names(cert *x509.Certificate) []string {
	all := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

// identifier returns the name or IP address of an authorization.
func identifier(a *core.Authorization) string {
	a.RLock()
	defer a.RUnlock()
	return strings.ToLower(a.Identifier.Value) // see hideValidAuthorizations
}
