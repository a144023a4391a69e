// Package scenarios is the catalogue: what a server that is configured like
// headscale promises about TLS, one requirement an entry, one YAML file a
// chapter. The files are embedded and loaded strictly; every mistake in them
// is reported at once, with file, line and key.
package scenarios

//go:generate go test -count=1 -run ^TestReadmeIsCurrent$ . -update

// Level says how binding a requirement is, in the words of RFC 2119. Observe
// is none of those: what such a requirement sees is recorded, never judged.
type Level string

// The levels of a requirement.
const (
	Must    Level = "MUST"
	Should  Level = "SHOULD"
	May     Level = "MAY"
	Observe Level = "OBSERVE"
)

// levels is every Level, the most binding first.
var levels = []Level{Must, Should, May, Observe}

// A Chapter is one file of the catalogue. Its name is also the profile that a
// target claims in its target file.
type Chapter struct {
	Name         string        `json:"name"`   // "http-01"; the file is http-01.yaml
	Prefix       string        `json:"prefix"` // what its IDs begin with: "HTTP01"
	About        string        `json:"about"`  // the chapter's subject, in one line
	Requirements []Requirement `json:"requirements"`
}

// chapters is every chapter that there can be, in the catalogue's order.
var chapters = []Chapter{
	{Name: "config", Prefix: "CFG", About: "what the configuration file may say, and what is refused"},
	{Name: "byo", Prefix: "BYO", About: "a certificate and key of the operator's own"},
	{Name: "chain", Prefix: "CHAIN", About: "the certificates between the leaf and the root"},
	{Name: "acme", Prefix: "ACME", About: "a certificate from an ACME CA, whichever challenge proves the name"},
	{Name: "http-01", Prefix: "HTTP01", About: "the challenge over plain HTTP (RFC 8555 §8.3)"},
	{Name: "tls-alpn-01", Prefix: "ALPN01", About: "the challenge inside a TLS handshake (RFC 8737)"},
	{Name: "renewal", Prefix: "RENEW", About: "a new certificate before the old one ends"},
	{Name: "expiry", Prefix: "EXPIRY", About: "what an operator sees when asking how long a certificate lasts"},
	{Name: "autocert", Prefix: "AUTOCERT", About: "the log texts of golang.org/x/crypto/acme/autocert"},
	{Name: "resilience", Prefix: "RES", About: "CAs, disks, peers and signals that misbehave"},
}

// A Requirement is one promise, the unit of judgement. Its status is the worst
// of its cases.
type Requirement struct {
	ID       string   `json:"id"`                 // "HTTP01-02", final once published
	Chapter  string   `json:"chapter"`            // name of the chapter that it stands in
	Title    string   `json:"title"`              // one line
	Level    Level    `json:"level"`              //
	Source   string   `json:"source"`             // who promises it: "RFC 8737 §3"
	Text     string   `json:"text"`               // the promise, in the catalogue's own words
	Why      string   `json:"why"`                // why it matters to somebody who runs the server
	Needs    []Need   `json:"needs,omitempty"`    // what else must be claimed, or have passed
	Autocert Range    `json:"autocert,omitzero"`  // versions of x/crypto for which the promise holds
	Worlds   []string `json:"worlds,omitempty"`   // kinds of world that it can be tried in; empty means any
	Unbroken string   `json:"unbroken,omitempty"` // why no known-bad server can stand for it; empty where one can
	Cases    []Case   `json:"cases,omitempty"`    // rows of a table; empty for a requirement that is one case itself
	File     string   `json:"file"`               // "scenarios/http-01.yaml"
	Line     int      `json:"line"`               // where its entry begins, from 1
}

// A Need is one condition of a requirement: either a chapter that the target
// must claim too, or a requirement ("ID" or "ID/case") that must have passed
// before this one's result counts.
type Need struct {
	Chapter string
	ID      string
}

// String returns the need as the file has it.
func (n Need) String() string { return n.Chapter + n.ID }

// MarshalText makes a need a plain string in JSON.
func (n Need) MarshalText() ([]byte, error) { return []byte(n.String()), nil }
