package pebble

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// A Kind is the kind of a journal entry. Kinds of requests are named after the
// resources in RFC 8555 §7.1, and faults are aimed at requests of a kind.
type Kind string

// Kinds of requests.
const (
	KindDirectory   Kind = "directory"
	KindNewNonce    Kind = "newNonce"
	KindNewAccount  Kind = "newAccount"
	KindAccount     Kind = "account"
	KindNewOrder    Kind = "newOrder"
	KindOrder       Kind = "order"
	KindOrders      Kind = "orders"
	KindAuthz       Kind = "authz"
	KindChallenge   Kind = "challenge"
	KindFinalize    Kind = "finalize"
	KindCertificate Kind = "certificate"
	KindRevokeCert  Kind = "revokeCert"
	KindKeyChange   Kind = "keyChange"
	KindRenewalInfo Kind = "renewalInfo"
	KindUnknown     Kind = "unknown" // a request for a path that the CA does not have
	// KindAny stands for all kinds of requests, in faults and in Journal.Requests.
	KindAny Kind = "any"
)

// Kinds of events.
const (
	KindValidation Kind = "validation" // the verdict on a challenge
	KindIssued     Kind = "issued"     // a certificate was signed
	KindConnection Kind = "connection" // validation connected to the gateway
	KindQuery      Kind = "query"      // validation asked DNS
	// KindPerspective is the finding of one of several perspectives, see
	// [Options.Perspectives].
	KindPerspective Kind = "perspective"
	KindTLS         Kind = "tls" // a handshake at the endpoint failed, or a connection was reset
	KindCA          Kind = "ca"  // the CA went down, was restored or forgot its accounts
)

// request reports whether the kind is one of clients' requests.
func (k Kind) request() bool {
	switch k {
	case KindValidation, KindIssued, KindConnection, KindQuery, KindPerspective, KindTLS, KindCA:
		return false
	}
	return true
}

// An Entry is one event at the CA. Fields that do not apply are empty. An entry never
// contains a secret: no JWS, nonce, token or key authorization.
type Entry struct {
	T       time.Duration `json:"-"`           // since the CA started
	At      time.Time     `json:"at,omitzero"` // by the CA's clock, if [Options.Now] gives it one
	From    string        `json:"from"`        // "target", "edge", "ca", "gateway", "dns"
	To      string        `json:"to"`          // likewise
	What    string        `json:"what"`        // such as "POST newOrder", "POST-as-GET authz"
	Kind    Kind          `json:"kind,omitempty"`
	Status  int           `json:"status,omitempty"`  // HTTP status; 0 if there is no answer
	Problem string        `json:"problem,omitempty"` // type of a problem document
	Detail  string        `json:"detail,omitempty"`  // its detail, or an error's text
	// State is the status of the order, authorization, challenge or account in
	// the answer, such as "pending". In a query it is the code of the DNS answer.
	State string `json:"state,omitempty"`

	// Identifiers are the names or IP addresses that the event is about.
	Identifiers []string `json:"identifiers,omitempty"`
	Challenge   string   `json:"challenge,omitempty"` // its type, such as "http-01"
	Order       string   `json:"order,omitempty"`     // identifier of the order
	Account     string   `json:"account,omitempty"`   // the last segment of the account's kid
	// Contact holds what newAccount or account sent, with "mailto:". TermsAgreed is the
	// termsOfServiceAgreed of newAccount.
	Contact     []string `json:"contact,omitempty"`
	TermsAgreed bool     `json:"terms_agreed,omitempty"`
	// Replaces is the certificate that newOrder says it replaces (RFC 9773 §5).
	Replaces string `json:"replaces,omitempty"`
	// Profile is the profile that newOrder names (draft-ietf-acme-profiles).
	Profile string `json:"profile,omitempty"`
	// Serial and KeyAlgorithm describe a certificate: its number in lower-case
	// hexadecimal without leading zeros, and "RSA", "ECDSA" or "Ed25519".
	Serial       string `json:"serial,omitempty"`
	KeyAlgorithm string `json:"key_algorithm,omitempty"`
	// NotAfter is when the certificate that was issued ends.
	NotAfter time.Time `json:"not_after,omitzero"`
	// Port and Host describe a connection of validation: the port that it was made
	// to, and the Host header sent to the server or the name in the TLS hello.
	Port int    `json:"port,omitempty"`
	Host string `json:"host,omitempty"`
	// Perspective is the perspective that connected, asked or found something, if the CA
	// has several: its name, with its address.
	Perspective string `json:"perspective,omitempty"`

	Fault string `json:"fault,omitempty"` // name of the injected fault that made this answer
}

// look reports whether the entry is a request that was answered, and after which the
// client may have nothing to do, or a note about the CA itself, of which no client knows.
func (e Entry) look() bool {
	switch e.Kind {
	case KindCA:
		return e.Detail == ""
	case KindDirectory, KindNewNonce, KindRenewalInfo:
		return e.Status > 0 && e.Status < http.StatusBadRequest && e.Fault == ""
	}
	return false
}

// Valid reports whether the entry is the verdict that a challenge is valid.
func (e Entry) Valid() bool {
	return e.Kind == KindValidation && strings.HasSuffix(e.What, " valid")
}

// String returns the entry on one line, for messages.
func (e Entry) String() string {
	parts := []string{fmt.Sprintf("%4d ms %s→%s %s", e.T.Milliseconds(), e.From, e.To, e.What)}
	if e.Status != 0 {
		parts = append(parts, fmt.Sprint(e.Status))
	}
	if e.State != "" {
		parts = append(parts, e.State)
	}
	if len(e.Identifiers) > 0 {
		parts = append(parts, strings.Join(e.Identifiers, ","))
	}
	if e.Host != "" {
		parts = append(parts, fmt.Sprintf("host %q", e.Host))
	}
	if e.Problem != "" {
		parts = append(parts, e.Problem)
	}
	if e.Detail != "" {
		parts = append(parts, fmt.Sprintf("%q", e.Detail))
	}
	if e.Fault != "" {
		parts = append(parts, "(fault: "+e.Fault+")")
	}
	return strings.Join(parts, " ")
}

// MarshalJSON encodes the entry as reports show it: t_ms, from, to, what, and the
// other fields that are not empty.
func (e Entry) MarshalJSON() ([]byte, error) {
	type fields Entry
	return json.Marshal(struct {
		T int64 `json:"t_ms"`
		fields
	}{e.T.Milliseconds(), fields(e)})
}

// Secrets that Pebble's texts may contain: tokens in challenge paths, key
// authorizations (token, dot, SHA-256 thumbprint), nonces.
var (
	tokenPath        = regexp.MustCompile(`(\.well-known/acme-challenge/)[A-Za-z0-9_-]+`)
	keyAuthorization = regexp.MustCompile(`[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{43}`)
	nonceText        = regexp.MustCompile(`(anti-replay nonce: )\S+`)
)

// mask replaces secrets in a text of Pebble's.
func mask(text string) string {
	text = tokenPath.ReplaceAllString(text, "${1}<token>")
	text = keyAuthorization.ReplaceAllString(text, "<key-authorization>")
	return nonceText.ReplaceAllString(text, "${1}<nonce>")
}
