package rows

import (
	"assay/fixtures/pki"
	"assay/suite/internal/harness"
)

// A BrokenChain is a row about a chain that clients cannot complete.
type BrokenChain struct {
	Intermediates int
	Defect        pki.Defect
}

// A CompleteChain is a row about a chain that every client completes.
type CompleteChain struct {
	Intermediates int
	SelfSigned    bool        `yaml:"self_signed"`
	MaySign       bool        `yaml:"may_sign"` // see [pki.Spec]
	Defect        pki.Defect  // of the file: what it holds besides, or leaves out
	CAKey         pki.KeyType `yaml:"ca_key"`
	NoKeyID       bool        `yaml:"no_key_id"` // the leaf has no authorityKeyIdentifier
}

// Mint sets what a pair has to be like for the row.
func (r CompleteChain) Mint(spec *pki.Spec) {
	spec.Intermediates, spec.SelfSigned, spec.MaySign = r.Intermediates, r.SelfSigned, r.MaySign
	spec.CAKey, spec.NoKeyID = r.CAKey, r.NoKeyID
}

// A CoveredName is a row about the names in a certificate and the host of server_url.
type CoveredName struct {
	Names   []string
	Host    string // empty: the hostname
	Covered bool
	URL     string // another way to write the host; empty: https and the host
}

// HostOf returns the host that the row is about.
func (r CoveredName) HostOf(e *harness.Env) string {
	if r.Host == "" {
		return e.Hostname
	}
	return e.Expand(r.Host)
}

// URLOf returns the server_url that names the host.
func (r CoveredName) URLOf(e *harness.Env) string {
	if r.URL == "" {
		return "https://" + r.HostOf(e)
	}
	return e.Expand(r.URL)
}

// ControlOf returns the server_url and the names of a certificate that nobody should be warned
// of: where the row's name is covered, server_url alone makes the difference.
func (r CoveredName) ControlOf(e *harness.Env) (url string, names []string) {
	if r.Covered {
		return "https://" + e.Hostname, append(e.ExpandAll(r.Names), e.Hostname)
	}
	host := r.HostOf(e)
	return "https://" + host, []string{host}
}
