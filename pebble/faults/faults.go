// Package faults reads the faults of a CA as people write them on a command line.
package faults

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/pebble"
)

// Form says in one line how a fault is written.
const Form = "KIND=FAULT, KIND=FAULT@N or KIND=FAULT+, such as newOrder=429:3h+"

// kinds are the requests that a fault can be aimed at.
var kinds = []pebble.Kind{
	pebble.KindDirectory, pebble.KindNewNonce, pebble.KindNewAccount, pebble.KindAccount,
	pebble.KindNewOrder, pebble.KindOrder, pebble.KindAuthz, pebble.KindChallenge,
	pebble.KindFinalize, pebble.KindCertificate, pebble.KindRevokeCert, pebble.KindRenewalInfo,
	pebble.KindAny,
}

// Names lists what may stand for FAULT, with what may follow a colon.
const Names = "badNonce, a status of 400 to 599, 429:TIME, slow:TIME, drop, html, garbage, " +
	"redirect, invalid, chain, wrongKey and wrongName:NAME"

// Parse reads a fault:
//
//	newOrder=badNonce      the first newOrder
//	finalize=500@2         the second finalize
//	newOrder=429:3h+       every newOrder, with a Retry-After of three hours
//
// The faults of a certificate (chain, wrongKey, wrongName) are aimed at certificate, and
// invalid at newOrder, order or finalize.
func Parse(text string) (pebble.Fault, error) {
	kindText, rest, found := strings.Cut(text, "=")
	kind := pebble.Kind(kindText)
	if !found || !slices.Contains(kinds, kind) {
		return pebble.Fault{}, fmt.Errorf("found %q, expected %s; KIND is one of %s", text, Form, list())
	}
	rest, persistent := strings.CutSuffix(rest, "+")
	nth := 1
	if fault, at, found := strings.Cut(rest, "@"); found {
		n, err := strconv.ParseUint(at, 10, 31)
		if err != nil || n == 0 {
			return pebble.Fault{}, fmt.Errorf("found %q in %q, expected the number of a request", at, text)
		}
		rest, nth = fault, int(n)
	}
	fault, err := parse(kind, rest)
	if err != nil {
		return pebble.Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	fault = fault.At(nth)
	if persistent {
		fault = fault.Persistently()
	}
	return fault, nil
}

func list() string {
	var names []string
	for _, kind := range kinds {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// parse reads what stands for FAULT.
func parse(kind pebble.Kind, text string) (pebble.Fault, error) {
	name, value, has := strings.Cut(text, ":")
	if make, found := plain[name]; found && !has {
		return make(kind), nil
	}
	if make, found := ofCertificates[text]; found {
		return make(), aimed(kind, pebble.KindCertificate)
	}
	switch {
	case name == "invalid" && !has:
		return pebble.InvalidOrder(kind),
			aimed(kind, pebble.KindNewOrder, pebble.KindOrder, pebble.KindFinalize)
	case name == "wrongName" && value != "":
		return pebble.WrongName(value), aimed(kind, pebble.KindCertificate)
	case (name == "429" || name == "slow") && has:
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return pebble.Fault{}, fmt.Errorf("found %q, expected a time such as 90s or 3h", value)
		}
		if name == "slow" {
			return pebble.Slow(kind, d), nil
		}
		return pebble.RateLimited(kind, d), nil
	}
	if status, err := strconv.Atoi(text); err == nil && status >= 400 && status <= 599 {
		return pebble.Status(kind, status), nil
	}
	return pebble.Fault{}, fmt.Errorf("found %q, expected %s", text, Names)
}

var plain = map[string]func(pebble.Kind) pebble.Fault{
	"badNonce": pebble.BadNonce, "drop": pebble.Drop, "html": pebble.HTML,
	"garbage": pebble.Garbage, "redirect": pebble.Redirect,
}

var ofCertificates = map[string]func() pebble.Fault{
	"chain": pebble.CutChain, "wrongKey": pebble.WrongKey,
}

// aimed returns an error unless the kind is one of those that a fault can be aimed at.
func aimed(kind pebble.Kind, at ...pebble.Kind) error {
	if slices.Contains(at, kind) {
		return nil
	}
	return fmt.Errorf("found the kind %s, expected one of %v", kind, at)
}
