// Package scenarios holds the catalogue: every requirement that the suite
// judges, that is, what a server that is configured like headscale promises
// about TLS. It holds no tests: those are in package suite, one spec for each
// requirement.
//
// A chapter of the catalogue is a YAML file beside this one, named after the
// chapter, and a list of requirements. The files are embedded. [Load] decodes
// them strictly and reports all their mistakes at once, with file, line and key.
package scenarios

import (
	"fmt"
	"slices"
)

//go:generate go test -count=1 -run ^TestReadmeIsCurrent$ . -update

// Level says how binding a requirement is, in the words of RFC 2119. Observe is
// an addition: such a requirement is recorded and never judged.
type Level string

// The levels of a requirement.
const (
	Must    Level = "MUST"
	Should  Level = "SHOULD"
	May     Level = "MAY"
	Observe Level = "OBSERVE"
)

// levels holds every Level, the most binding first.
var levels = []Level{Must, Should, May, Observe}

// Levels returns every level, the most binding first.
func Levels() []Level { return slices.Clone(levels) }

// UnmarshalText sets the level to the one that text names. Any other text is an
// error that says what was expected.
func (l *Level) UnmarshalText(text []byte) error {
	if v := Level(text); slices.Contains(levels, v) {
		*l = v
		return nil
	}
	return fmt.Errorf("level %q: expected one of %v", text, levels)
}

// A Chapter is one file of the catalogue. Targets claim chapters by name, as
// their profiles.
type Chapter struct {
	Name         string        `json:"name"`   // "http-01", the file being http-01.yaml
	Prefix       string        `json:"prefix"` // what its IDs begin with: "HTTP01"
	About        string        `json:"about"`  // the chapter's subject, in one line
	Requirements []Requirement `json:"requirements"`
}

// chapters lists every chapter that can exist, in the catalogue's order.
var chapters = []Chapter{
	{Name: "config", Prefix: "CFG", About: "what the configuration file may say, and what is refused"},
	{Name: "byo", Prefix: "BYO", About: "a certificate and key of the operator's own"},
	{Name: "chain", Prefix: "CHAIN", About: "the certificates between the leaf and the root"},
	{Name: "acme", Prefix: "ACME",
		About: "a certificate from an ACME CA, whichever challenge proves the name"},
	{Name: "http-01", Prefix: "HTTP01", About: "the challenge over plain HTTP (RFC 8555 §8.3)"},
	{Name: "tls-alpn-01", Prefix: "ALPN01", About: "the challenge inside a TLS handshake (RFC 8737)"},
	{Name: "renewal", Prefix: "RENEW", About: "a new certificate before the old one ends"},
	{Name: "expiry", Prefix: "EXPIRY",
		About: "what an operator sees when asking how long a certificate lasts"},
	{Name: "autocert", Prefix: "AUTOCERT",
		About: "the log texts of golang.org/x/crypto/acme/autocert"},
	{Name: "resilience", Prefix: "RES", About: "CAs, disks, peers and signals that misbehave"},
	{Name: "ari", Prefix: "ARI", About: "renewal when the CA suggests it (RFC 9773)"},
	{Name: "profiles", Prefix: "PROFILE",
		About: "certificates of the kind that the operator names (draft-ietf-acme-profiles)"},
	{Name: "ip", Prefix: "IP", About: "certificates for IP addresses (RFC 8738)"},
}

// A Requirement is one promise of a server. Its status is the worst status of
// its cases.
type Requirement struct {
	// ID identifies the requirement, as in HTTP01-02. It begins with the prefix
	// of its chapter and never changes once it is published.
	ID string `json:"id" yaml:"id" jsonschema:"required,pattern=^[A-Z0-9]+-[0-9]{2}$"`
	// Chapter is the name of the chapter that holds the requirement.
	Chapter string `json:"chapter" yaml:"-"`
	// Title is the promise in one line.
	Title string `json:"title" yaml:"title" jsonschema:"required,minLength=1"`
	// Level says how binding the promise is, in the words of RFC 2119. OBSERVE
	// is recorded for comparison and never judged.
	Level Level `json:"level" yaml:"level" jsonschema:"required,enum=MUST,enum=SHOULD,enum=MAY,enum=OBSERVE"`
	// Source names the document that makes the promise, as in "RFC 8737 §3".
	Source string `json:"source" yaml:"source" jsonschema:"required,minLength=1"`
	// Text is the promise in full, in the catalogue's own words.
	Text string `json:"text" yaml:"text" jsonschema:"required,minLength=1"`
	// Why says why the promise matters to somebody who runs the server.
	Why string `json:"why" yaml:"why" jsonschema:"required,minLength=1"`
	// Remedy says what usually mends a server that breaks the promise. It is empty where
	// the failure says it, or nothing is usual.
	Remedy string `json:"remedy,omitempty" yaml:"remedy" jsonschema:"minLength=1"`
	// Needs are further chapters that a target must claim, and requirements
	// that must have passed, before this requirement is judged.
	Needs []Need `json:"needs,omitempty" yaml:"needs" jsonschema:"minItems=1"`
	// Autocert are the versions of golang.org/x/crypto for which the promise
	// holds, as in ">= 0.45.0 < 0.58.0". Without it, the promise holds for all.
	Autocert Range `json:"autocert,omitzero" yaml:"autocert"`
	// Worlds are the kinds of world in which the requirement can be tried.
	// Without it, any world will do.
	Worlds []string `json:"worlds,omitempty" yaml:"worlds" jsonschema:"enum=namespace,enum=loopback"`
	// Unbroken says why no known-bad server can break the promise. It is empty
	// where one can.
	Unbroken string `json:"unbroken,omitempty" yaml:"unbroken" jsonschema:"minLength=1"`
	// Cases are the rows of the requirement's table. A requirement without
	// cases is tried once.
	Cases []Case `json:"cases,omitempty" yaml:"cases" jsonschema:"minItems=1"`
	// Combine describes further rows by the values of their fields. Cases holds
	// the rows too.
	Combine *Combination `json:"-" yaml:"combine"`
	// Except are the values that the rows of Combine do not combine: for each
	// field, a list of values.
	Except []map[string][]string `json:"-" yaml:"except" jsonschema:"minItems=1"`
	// Group are the fields in which all rows of one case agree, see
	// [Combination]. Without it, each row is a case.
	Group []string `json:"-" yaml:"group" jsonschema:"minItems=1"`
	// File is the path of the chapter's file, "scenarios/http-01.yaml".
	File string `json:"file" yaml:"-"`
	// Line is where the entry begins in the file, from 1.
	Line int `json:"line" yaml:"-"`
}

// A Need is one condition of a requirement: either a chapter that the target
// must claim too, or a requirement ("ID" or "ID/case") that must have passed
// before this requirement's result counts.
type Need struct {
	Chapter string
	ID      string
}

// String returns the need as the file has it.
func (n Need) String() string { return n.Chapter + n.ID }

// MarshalText writes a need as a plain string in JSON.
func (n Need) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads the name of a chapter, or else an ID. Whether the
// catalogue holds the ID is checked when all chapters are loaded.
func (n *Need) UnmarshalText(text []byte) error {
	if slices.Contains(ChapterNames(), string(text)) {
		*n = Need{Chapter: string(text)}
	} else {
		*n = Need{ID: string(text)}
	}
	return nil
}
