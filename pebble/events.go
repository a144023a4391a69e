package pebble

import (
	"crypto/x509"
	"strings"

	"github.com/letsencrypt/pebble/v2/core"
)

// events is the writer of Pebble's log, the only place where Pebble tells what
// it does in the background. Lines arrive one at a time, after the change that
// they report, except for a certificate's, which is just before its order shows
// it. Nothing here may log, nor wait for a lock whose holder does.
type events struct{ edge *edge }

// The lines that matter:
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
		e.verdict(words[1], words[7], "valid")
		e.gates.validated(words[1])
	case is("authz", "", "set", "INVALID", "by", "completed", "challenge", ""):
		e.verdict(words[1], words[7], "invalid")
	case is("order", "", "set", "INVALID", "by", "invalid", "authz", ""):
		// The last thing that follows from a bad validation: only now is it over.
		e.gates.validated(words[7])
	case is("Issued", "certificate", "serial", "", "for", "order", ""):
		e.issued(words[3], words[6])
	case is("Error:", "unable", "to", "issue", "order:"):
		e.journal.add(Entry{From: "ca", To: "edge", Kind: KindCA, What: "issuance failed", Detail: strings.TrimSpace(string(line))})
		e.gates.issuedAll()
	}
	return len(line), nil
}

// verdict journals the end of a validation.
func (e *edge) verdict(authzID, challengeID, outcome string) {
	store := e.backend.office.Load().store
	entry := Entry{From: "ca", To: "edge", Kind: KindValidation, What: "challenge " + outcome}
	if c := store.GetChallengeByID(challengeID); c != nil {
		c.RLock()
		entry.Challenge, entry.State = c.Type, c.Status
		if c.Error != nil {
			entry.Problem, entry.Detail = c.Error.Type, c.Error.Detail
		}
		c.RUnlock()
		entry.What = "challenge " + entry.Challenge + " " + outcome
	}
	if a := store.GetAuthorizationByID(authzID); a != nil {
		entry.Identifiers, entry.Order = []string{identifier(a)}, a.Order.ID
	}
	e.journal.add(entry)
}

// issued journals a certificate, and lets who waits for its order look.
func (e *edge) issued(serial, orderID string) {
	if strings.HasPrefix(orderID, spoiled) {
		return // the edge's own doing, see spoil.go
	}
	e.backend.file(serial)
	entry := Entry{From: "ca", To: "edge", Kind: KindIssued, What: "certificate issued", Order: orderID}
	if c := e.backend.signed.GetCertificateByID(serial); c != nil {
		entry.Serial = c.Cert.SerialNumber.Text(16)
		entry.Identifiers = names(c.Cert)
		entry.KeyAlgorithm = c.Cert.PublicKeyAlgorithm.String()
	}
	e.journal.add(entry)
	e.gates.issued(orderID)
}

// names are a certificate's subject alternative names.
func names(cert *x509.Certificate) []string {
	all := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

// identifier is the name, or IP address, that an authorization is for.
func identifier(a *core.Authorization) string {
	a.RLock()
	defer a.RUnlock()
	return strings.ToLower(a.Identifier.Value) // setAside writes it large for a while
}
