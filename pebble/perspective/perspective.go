// Package perspective validates challenges from several networks, as public CAs have
// to (CA/Browser Forum, Baseline Requirements 3.2.2.9). The primary perspective and the
// remote ones each look up the name, connect to the server under test from an address
// of their own, and judge its answer. A challenge is valid if the primary perspective
// finds it valid, and enough of the remote ones do.
//
// Pebble's own validation then asks the [Validator], which tells it the verdict.
package perspective

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// A Perspective is a network from which a CA looks at a server.
type Perspective struct {
	// Name appears in the journal, such as "remote 2".
	Name string
	// Source4 and Source6 are the addresses from which it connects, by address family.
	// If one is not valid, the system chooses the address.
	Source4, Source6 netip.Addr
	// After is how long after the beginning of a validation the perspective looks, at
	// most [LatestLook].
	After time.Duration
	// Hosts holds the addresses of names that this perspective resolves in another way
	// than the CA's DNS server does. A name without addresses does not exist.
	Hosts map[string][]netip.Addr
	// Away makes the perspective reach nothing, as if its network had no route to the
	// server.
	Away bool
}

// LatestLook bounds [Perspective.After]. Pebble gives up a validation after fifteen
// seconds.
const LatestLook = 4 * time.Second

// String returns the name with the source address.
func (p Perspective) String() string {
	for _, source := range []netip.Addr{p.Source4, p.Source6} {
		if source.IsValid() {
			return fmt.Sprintf("%s (%s)", p.Name, source)
		}
	}
	return p.Name
}

// Allowed returns how many of so many remote perspectives may find a challenge invalid
// that the primary one finds valid: one of two to five, two of six or more (CA/Browser
// Forum, Baseline Requirements 3.2.2.9).
func Allowed(remote int) int {
	switch {
	case remote < 2:
		return 0
	case remote < 6:
		return 1
	}
	return 2
}

// A Problem says why a challenge is invalid, in the terms of RFC 8555 §6.7.
type Problem struct {
	Type   string // "connection", "dns" or "unauthorized"
	Detail string
}

// judge returns the verdict on a challenge: nil if it is valid. found holds what each
// perspective has found, the primary one first.
func judge(all []Perspective, found []*Problem) *Problem {
	if p := found[0]; p != nil {
		return &Problem{p.Type, fmt.Sprintf("from %s: %s", all[0], p.Detail)}
	}
	var failed []string
	var first *Problem
	for i, p := range found {
		if p == nil {
			continue
		}
		if first == nil {
			first = p
		}
		failed = append(failed, fmt.Sprintf("from %s: %s", all[i], p.Detail))
	}
	remote := len(all) - 1
	if len(failed) <= Allowed(remote) {
		return nil
	}
	return &Problem{first.Type, fmt.Sprintf(
		"%d of %d remote perspectives do not agree, at most %d may: %s",
		len(failed), remote, Allowed(remote), strings.Join(failed, "; "))}
}
