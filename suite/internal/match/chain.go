package match

import (
	"crypto/x509"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/wire"
)

// ServeCertificatesOf succeeds if the server serves certificates that are written
// in a file, in the file's order and beginning with the first. A client that
// cannot parse one of them sees no chain at all. A certificate that is damaged in
// the file counts if the server could recover it and serves it undamaged.
func ServeCertificatesOf(file []*x509.Certificate) types.GomegaMatcher {
	expected := "certificates of the file that a client can parse: " + subjects(file)
	return match(expected, func(h *wire.Handshake) (bool, string) { return servesOf(file, h) })
}

// ServeWholeChainOf succeeds if the server serves certificates of a file as
// [ServeCertificatesOf] expects, and a client that knows only the root accepts
// them.
func ServeWholeChainOf(file []*x509.Certificate, root *x509.Certificate) types.GomegaMatcher {
	expected := fmt.Sprintf("a chain to %s of the file's certificates: %s",
		root.Subject.CommonName, subjects(file))
	return match(expected, func(h *wire.Handshake) (bool, string) {
		if ok, seen := servesOf(file, h); !ok {
			return false, seen
		}
		ok, seen, _ := HaveFullChainTo(root).(*matcher).judge(h)
		return ok, seen
	})
}

// HaveOrderedChainTo succeeds if a client accepts the certificates that were served when it
// trusts this root only and fetches no other, and each is followed by the one that issued it:
// strict clients look no further.
func HaveOrderedChainTo(root *x509.Certificate) types.GomegaMatcher {
	expected := "a chain to " + root.Subject.CommonName + ", each certificate followed by its issuer"
	return match(expected, func(h *wire.Handshake) (bool, string) {
		ok, seen, _ := HaveFullChainTo(root).(*matcher).judge(h)
		for i := 1; ok && i < len(h.Chain); i++ {
			if err := h.Chain[i-1].CheckSignatureFrom(h.Chain[i]); err != nil {
				return false, fmt.Sprintf("%s\n%s did not issue the one before it: %v",
					seen, Name(h.Chain[i]), err)
			}
		}
		return ok, seen
	})
}

func servesOf(file []*x509.Certificate, h *wire.Handshake) (ok bool, seen string) {
	rest := file
	for _, cert := range h.Chain {
		i := slices.IndexFunc(rest, cert.Equal)
		if i < 0 {
			return false, Describe(h) + "\n" + Name(cert) + " has another place in the file, or none"
		}
		rest = rest[i+1:]
	}
	first := h.Leaf() != nil && len(file) > 0 && h.Leaf().Equal(file[0])
	return h.Err == nil && first, Describe(h)
}

// BeRefusalNamingCertificate matches a refusal whose message names at least one
// of these certificates, by its subject's common name or by its place in the
// file, counted from 1. A message may count from 0 if it says "index" or "depth".
func BeRefusalNamingCertificate(names []string, places []int) types.GomegaMatcher {
	var expected []string
	for _, place := range places {
		expected = append(expected, fmt.Sprintf("certificate %d", place))
	}
	all := strings.Join(append(slices.Clone(names), expected...), " or ")
	return match("a refusal that names "+all+": exit code not 0, no listener, no file written",
		func(r *Refusal) (bool, string) {
			named := slices.ContainsFunc(names,
				func(name string) bool { return strings.Contains(r.Log, name) }) ||
				slices.ContainsFunc(placesIn(r.Log),
					func(place int) bool { return slices.Contains(places, place) })
			return r.refused() && named, r.String()
		})
}

var (
	placeWord = regexp.MustCompile(
		`(?i)(?:certificates?|certs?|blocks?|entry|item|element|position|place|number` +
			`|no\.|intermediate|#)` +
			`[ :]*(?:number|no\.|at place|at position|#)?[ :#\[(]*([0-9]+)\b`,
	)
	ordinal   = regexp.MustCompile(`(?i)\b([0-9]+)(?:st|nd|rd|th)\b`)
	zeroBased = regexp.MustCompile(`(?i)\b(?:index|depth)[ :=]*([0-9]+)\b|\[([0-9]+)\]`)
)

// leaf matches words for the first certificate.
var leaf = regexp.MustCompile(`\b(leaf|end-entity) certificate\b|\bthe leaf\b`)

// ordinals are the words for places, from the first one on.
var ordinals = []string{"first", "second", "third", "fourth", "fifth"}

// placesIn returns the places in a file that a text names, counted from 1.
func placesIn(text string) (places []int) {
	for i, pattern := range []*regexp.Regexp{placeWord, ordinal, zeroBased} {
		for _, found := range pattern.FindAllStringSubmatch(text, -1) {
			number, err := strconv.Atoi(strings.Join(found[1:], ""))
			if err != nil {
				continue // too large for a place
			}
			if i == 2 {
				number++
			}
			places = append(places, number)
		}
	}
	lower := strings.ToLower(text)
	if leaf.MatchString(lower) {
		places = append(places, 1)
	}
	for i, word := range ordinals {
		if strings.Contains(lower, word+" ") {
			places = append(places, i+1)
		}
	}
	return places
}
