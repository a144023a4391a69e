package match

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/wire"
)

// HaveSeenOnly succeeds if every handshake was served this certificate or one
// that chains to the CA's root, and each of the two was served to some.
func HaveSeenOnly(old, root *x509.Certificate) types.GomegaMatcher {
	expected := "handshakes that all complete, the earlier ones with " + Name(old) +
		", the later ones with a certificate of the CA"
	return match(expected, func(seen []*wire.Handshake) (bool, string) {
		before, after, stray := 0, 0, ""
		for _, h := range seen {
			switch {
			case Serves(h, old):
				before++
			case chainsTo(h, root):
				after++
			case stray == "":
				stray = ", and one with: " + Describe(h)
			}
		}
		text := fmt.Sprintf("%d handshakes: %d with the old certificate, %d with one of the CA",
			len(seen), before, after)
		if stray != "" {
			return false, text + stray
		}
		return after > 0, text
	})
}

// Serves reports whether a handshake completed with this certificate.
func Serves(h *wire.Handshake, leaf *x509.Certificate) bool {
	return h.Err == nil && h.Leaf() != nil && h.Leaf().Equal(leaf)
}

func chainsTo(h *wire.Handshake, root *x509.Certificate) bool {
	ok, _ := HaveFullChainTo(root).Match(h)
	return ok
}

// Complete succeeds if the handshake completed.
func Complete() types.GomegaMatcher {
	return match("a TLS handshake that completes", func(h *wire.Handshake) (bool, string) {
		return h.Err == nil, Describe(h)
	})
}

// HaveFullChainTo succeeds if a client accepts the certificates that were served
// when it trusts this root only and fetches no other certificate.
func HaveFullChainTo(root *x509.Certificate) types.GomegaMatcher {
	expected := "a chain that a client accepts when it trusts only the root " + root.Subject.CommonName
	return match(expected, func(h *wire.Handshake) (bool, string) {
		if h.Err != nil || len(h.Chain) == 0 {
			return false, Describe(h)
		}
		client := h.Client
		client.Roots = x509.NewCertPool()
		client.Roots.AddCert(root)
		if err := client.Verify(h.Chain); err != nil {
			return false, Describe(h) + because(err) + alone(h)
		}
		return true, Describe(h)
	})
}

// ServeExactly succeeds if the server sent these certificates in this order, and
// no others.
func ServeExactly(want []*x509.Certificate) types.GomegaMatcher {
	expected := "exactly these certificates, in this order: " + subjects(want)
	return match(expected, func(h *wire.Handshake) (bool, string) {
		same := slices.EqualFunc(h.Chain, want, (*x509.Certificate).Equal)
		seen := Describe(h)
		if len(want) > 1 {
			seen += alone(h)
		}
		return h.Err == nil && same, seen
	})
}

// alone says that the server sent one certificate without those that lead to its root. It
// returns "" for another number of certificates, and for one that is its own root.
func alone(h *wire.Handshake) string {
	if len(h.Chain) != 1 || bytes.Equal(h.Chain[0].RawIssuer, h.Chain[0].RawSubject) {
		return ""
	}
	return "\nthe server sent this certificate alone"
}

// ServeLeaf succeeds if the first certificate that the server sent is this one.
func ServeLeaf(want *x509.Certificate) types.GomegaMatcher {
	return match("the certificate "+Name(want), func(h *wire.Handshake) (bool, string) {
		return h.Err == nil && h.Leaf() != nil && h.Leaf().Equal(want), Describe(h)
	})
}

// ServeNamesExactly succeeds if the leaf's subject alternative names are these
// DNS names and nothing else (RFC 5280 §4.2.1.6).
func ServeNamesExactly(names ...string) types.GomegaMatcher {
	expected := "a certificate for exactly " + strings.Join(names, ", ")
	return match(expected, func(h *wire.Handshake) (bool, string) {
		leaf := h.Leaf()
		if leaf == nil {
			return false, Describe(h)
		}
		others := len(leaf.IPAddresses) + len(leaf.EmailAddresses) + len(leaf.URIs)
		seen := fmt.Sprintf("names %v, addresses %v", leaf.DNSNames, leaf.IPAddresses)
		return slices.Equal(leaf.DNSNames, names) && others == 0, seen
	})
}

// EndInAlert succeeds if the server refused the handshake with an alert (RFC 8446
// §6.2).
func EndInAlert() types.GomegaMatcher {
	return match("a handshake refused with an alert", func(h *wire.Handshake) (bool, string) {
		_, ok := h.Alert()
		return ok, Describe(h)
	})
}

// Negotiate succeeds if the handshake completed with this protocol chosen by
// ALPN (RFC 7301). An empty protocol means that none was chosen.
func Negotiate(protocol string) types.GomegaMatcher {
	expected := fmt.Sprintf("a handshake that settles on protocol %q", protocol)
	return match(expected, func(h *wire.Handshake) (bool, string) {
		if h.Err != nil {
			return false, Describe(h)
		}
		return h.State.NegotiatedProtocol == protocol,
			fmt.Sprintf("protocol %q", h.State.NegotiatedProtocol)
	})
}

// NegotiateAtMost succeeds if the handshake completed with this protocol chosen by
// ALPN, or with none: a server without ALPN ignores what clients offer (RFC 7301
// §3.2), and HTTP/1.1 is what is spoken then (RFC 9112 §9.7).
func NegotiateAtMost(protocol string) types.GomegaMatcher {
	expected := fmt.Sprintf("a handshake that settles on protocol %q or on none", protocol)
	return match(expected, func(h *wire.Handshake) (bool, string) {
		if h.Err != nil {
			return false, Describe(h)
		}
		chosen := h.State.NegotiatedProtocol
		return chosen == protocol || chosen == "", fmt.Sprintf("protocol %q", chosen)
	})
}

// AnswerInTLS succeeds if the server sent TLS: it completed the handshake, or
// refused it with an alert.
func AnswerInTLS() types.GomegaMatcher {
	expected := "a handshake that completes or is refused with a TLS alert"
	return match(expected, func(h *wire.Handshake) (bool, string) {
		_, alert := h.Alert()
		return h.Err == nil || alert, Describe(h)
	})
}

// HaveAcceptableKey succeeds if public CAs certify a key such as the leaf's: RSA of 2048 bits
// and more, or ECDSA on P-256 or P-384 (CA/Browser Forum, Baseline Requirements §6.1.5; Let's
// Encrypt, Integration Guide › Supported Key Algorithms).
func HaveAcceptableKey() types.GomegaMatcher {
	const expected = "a certificate whose key is RSA of 2048 bits and more, P-256 or P-384"
	return match(expected, func(h *wire.Handshake) (bool, string) {
		if h.Leaf() == nil {
			return false, Describe(h)
		}
		switch key := h.Leaf().PublicKey.(type) {
		case *rsa.PublicKey:
			return key.N.BitLen() >= 2048, fmt.Sprintf("RSA of %d bits", key.N.BitLen())
		case *ecdsa.PublicKey:
			curve := key.Curve.Params().Name
			return curve == "P-256" || curve == "P-384", curve
		}
		return false, h.Leaf().PublicKeyAlgorithm.String()
	})
}

// acmeIdentifier identifies the extension of a challenge certificate (RFC 8737
// §6.1).
var acmeIdentifier = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}

// HaveACMEIdentifier succeeds if the leaf is a challenge certificate: its
// acmeIdentifier extension is critical and contains a SHA-256 digest as an octet
// string (RFC 8737 §3).
func HaveACMEIdentifier() types.GomegaMatcher {
	expected := "a challenge certificate, with a critical acmeIdentifier extension of 32 octets"
	return match(expected, func(h *wire.Handshake) (bool, string) {
		if h.Leaf() == nil {
			return false, Describe(h)
		}
		for _, e := range h.Leaf().Extensions {
			if !e.Id.Equal(acmeIdentifier) {
				continue
			}
			var digest []byte
			rest, err := asn1.Unmarshal(e.Value, &digest)
			ok := err == nil && len(rest) == 0 && len(digest) == sha256.Size && e.Critical
			seen := fmt.Sprintf("acmeIdentifier %x, critical: %t", e.Value, e.Critical)
			return ok, seen + because(err)
		}
		return false, "no acmeIdentifier in " + Describe(h)
	})
}

// Describe returns what a handshake showed, in one line.
func Describe(h *wire.Handshake) string {
	switch {
	case h.Err != nil:
		if alert, ok := h.Alert(); ok {
			return fmt.Sprintf("TLS alert %d: %v", uint8(alert), alert)
		}
		return h.Err.Error()
	case len(h.Chain) == 0:
		return "no certificate"
	}
	return subjects(h.Chain)
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return "\n" + err.Error()
}

func subjects(chain []*x509.Certificate) string {
	var names []string
	for _, cert := range chain {
		names = append(names, Name(cert))
	}
	return strings.Join(names, " ← ")
}

// Name returns a certificate's subject and the end of its serial number, which
// distinguishes two certificates with the same subject.
func Name(cert *x509.Certificate) string {
	subject := cert.Subject.CommonName
	if subject == "" && len(cert.DNSNames) > 0 {
		subject = cert.DNSNames[0]
	}
	serial := fmt.Sprintf("%x", cert.SerialNumber)
	return fmt.Sprintf("%s (…%s)", subject, serial[max(0, len(serial)-6):])
}
