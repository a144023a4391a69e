// Package presets holds the CAs that the local CA can stand in for: those of today, and
// those that have been announced.
package presets

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"

	"assay/pebble"
	"assay/pebble/issuer"
)

// Default is the name of the preset that a run has unless it asks for another one.
const Default = "letsencrypt"

// A Preset describes a CA. presets.yaml explains the keys.
type Preset struct {
	Name   string   `yaml:"name"`
	Title  string   `yaml:"title"`
	Source []string `yaml:"source"`

	Chain       Chain       `yaml:"chain"`
	Leaf        issuer.Leaf `yaml:"leaf"`
	Lifetime    Span        `yaml:"lifetime"`
	Reuse       Span        `yaml:"reuse"`
	NonceLife   Span        `yaml:"nonce_life"`
	Offer       []string    `yaml:"offer"`
	Unknown     []string    `yaml:"unknown"`
	Finalize    string      `yaml:"finalize"`
	Location    *bool       `yaml:"location"`
	Processing  Span        `yaml:"processing"`
	RetryAfter  Span        `yaml:"retry_after"`
	RenewalInfo *bool       `yaml:"renewal_info"`
	Strict      bool        `yaml:"strict"`
	Stock       bool        `yaml:"stock"`
	Limits      []Limit     `yaml:"limits"`
}

// Chain describes the chains of a CA, see [pebble.Options].
type Chain struct {
	Intermediates int  `yaml:"intermediates"`
	RSA           int  `yaml:"rsa"`
	Alternate     bool `yaml:"alternate"`
}

//go:embed presets.yaml
var source []byte

var load = sync.OnceValues(func() ([]Preset, error) { return parse(source) })

// parse reads presets, and refuses keys that it does not know.
func parse(text []byte) ([]Preset, error) {
	var all []Preset
	if err := yaml.Load(text, &all, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("presets.yaml: %w", err)
	}
	var errs []error
	for i, p := range all {
		if err := p.check(); err != nil {
			errs = append(errs, fmt.Errorf("presets.yaml: preset %q: %w", p.Name, err))
		}
		same := func(other Preset) bool { return other.Name == p.Name }
		if slices.ContainsFunc(all[:i], same) {
			errs = append(errs, fmt.Errorf("presets.yaml: preset %q: found twice", p.Name))
		}
	}
	return all, errors.Join(errs...)
}

func (p Preset) check() error {
	var errs []error
	if p.Name == "" || strings.ContainsAny(p.Name, "/, \t\n") {
		errs = append(errs, errors.New("name: expected one without slashes, commas and spaces"))
	}
	if p.Title == "" || len(p.Source) == 0 {
		errs = append(errs, errors.New("title or source: empty, expected both"))
	}
	if !slices.Contains([]string{"", synchronous, asynchronous}, p.Finalize) {
		errs = append(errs, fmt.Errorf("finalize: found %q, expected %s or %s",
			p.Finalize, synchronous, asynchronous))
	}
	if p.Finalize != asynchronous && (p.Processing > 0 || p.RetryAfter > 0) {
		errs = append(errs, errors.New("processing, retry_after: expected finalize: asynchronous"))
	}
	for _, l := range p.RateLimits() {
		if err := l.Check(); err != nil {
			errs = append(errs, fmt.Errorf("limits: %w", err))
		}
	}
	return errors.Join(errs...)
}

const (
	synchronous  = "synchronous"
	asynchronous = "asynchronous"
)

// All returns the presets in the order in which documents list them. It panics if the
// embedded file is wrong, which a test prevents.
func All() []Preset {
	all, err := load()
	if err != nil {
		panic(err)
	}
	return all
}

// Names returns the names of all presets.
func Names() (names []string) {
	for _, p := range All() {
		names = append(names, p.Name)
	}
	return names
}

// Find returns the preset with this name, and whether there is one.
func Find(name string) (Preset, bool) {
	for _, p := range All() {
		if p.Name == name {
			return p, true
		}
	}
	return Preset{}, false
}

// Dialect returns the dialect of the CA's edge.
func (p Preset) Dialect() pebble.Dialect {
	switch {
	case p.Stock:
		return pebble.Stock
	case p.Location != nil && !*p.Location:
		return pebble.RFC8555
	}
	return pebble.LetsEncrypt
}

// Complete gives options that are left out the preset's values. Options that are set keep
// what they have. It leaves the dialect alone.
func (p Preset) Complete(o *pebble.Options) {
	if o.Intermediates == 0 {
		o.Intermediates, o.RSAIntermediates = p.Chain.Intermediates, p.Chain.RSA
	}
	o.Alternate = o.Alternate || p.Chain.Alternate
	if o.Leaf == (issuer.Leaf{}) {
		o.Leaf = p.Leaf
	}
	complete(&o.Validity, p.Lifetime)
	complete(&o.Reuse, p.Reuse)
	complete(&o.NonceLife, p.NonceLife)
	if len(o.Offer) == 0 {
		o.Offer = p.Offer
	}
	if len(o.OfferUnknown) == 0 {
		o.OfferUnknown = p.Unknown
	}
	if o.Finalize == 0 {
		o.Finalize = pebble.Asynchronous
		if p.Finalize == synchronous {
			o.Finalize = pebble.Synchronous
		}
		complete(&o.Processing, p.Processing)
		complete(&o.RetryAfter, p.RetryAfter)
	}
	o.NoRenewalInfo = o.NoRenewalInfo || p.RenewalInfo != nil && !*p.RenewalInfo
	o.Strict = o.Strict || p.Strict
}

func complete(option *time.Duration, value Span) {
	if *option == 0 {
		*option = time.Duration(value)
	}
}
