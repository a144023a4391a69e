package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/suite/report"
)

// A serving is a chain with the handshakes that showed it, or a kind of failure
// with the handshakes that had it.
type serving struct {
	chain       []report.Certificate
	err         string
	first, last int64
	times       []int64
	names       []string // server names that were asked for
	protocols   []string
}

// serve groups handshakes by the chain that they showed, in the order in which
// the chains were seen first.
func serve(handshakes []report.Handshake) []*serving {
	var out []*serving
	byKey := map[string]*serving{}
	for _, h := range handshakes {
		var key strings.Builder
		key.WriteString(h.Error)
		for _, c := range h.Chain {
			key.WriteString("\x00" + c.Serial + "\x01" + c.Issuer)
		}
		s := byKey[key.String()]
		if s == nil {
			s = &serving{chain: h.Chain, err: h.Error, first: h.TMS}
			byKey[key.String()] = s
			out = append(out, s)
		}
		s.first, s.last = min(s.first, h.TMS), max(s.last, h.TMS)
		s.times = append(s.times, h.TMS)
		s.names = addName(s.names, h.ServerName)
		s.protocols = addName(s.protocols, h.Protocol)
	}
	return out
}

func addName(names []string, name string) []string {
	if name == "" || slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// chains are the certificates that the target sent.
type chains struct {
	Chains []chain
	Total  int // different chains
}

// A chain holds what one or more handshakes showed.
type chain struct {
	Gap      string
	When     string // times and number of the handshakes
	Names    string
	Protocol string
	Error    string
	Boxes    []box
}

// A box is one certificate, or one that was expected and not sent.
type box struct {
	Role, Title, Subject, Issuer string
	Names                        []string
	Valid                        string
	Key, Serial                  string
	Notes                        []string // what is wrong
	Missing                      bool     // not sent
	Usual                        bool     // not sent, as is usual
	// Link describes how the certificate before it leads to this one.
	Link   string
	Broken bool
}

// maxBoxes is the number of certificates of a chain that are drawn.
const maxBoxes = 12

func newChains(served []*serving, now time.Time, limit int) *chains {
	if len(served) == 0 {
		return nil
	}
	out := &chains{Total: len(served)}
	spans := choose(len(served), limit, len(served)-1)
	for i, p := range spans {
		for _, s := range served[p.from:p.to] {
			out.Chains = append(out.Chains, newChain(s, now))
		}
		if n := gap(spans, i, len(served)); n > 0 {
			out.Chains = append(out.Chains, chain{
				Gap: plural(n, "other chain or error", "other chains and errors") + " left out here",
			})
		}
	}
	return out
}

func newChain(s *serving, now time.Time) chain {
	c := chain{
		When:     plural(len(s.times), "handshake", "handshakes") + ", " + moment(s.first),
		Names:    cut(strings.Join(s.names, ", "), 300),
		Protocol: cut(strings.Join(s.protocols, ", "), 300), Error: cut(s.err, maxLine),
	}
	if s.last != s.first {
		c.When += " to " + moment(s.last)
	}
	sent := s.chain
	for i, cert := range sent[:min(len(sent), maxBoxes)] {
		b := newBox(cert, now)
		if i > 0 {
			b.Link, b.Broken = link(sent, i)
		}
		if slices.ContainsFunc(sent[:i], func(o report.Certificate) bool {
			return sameCertificate(o, cert)
		}) {
			b.Notes = append(b.Notes, "sent twice")
		}
		c.Boxes = append(c.Boxes, b)
	}
	if n := len(sent); n > 0 && n <= maxBoxes {
		if rest, ok := missing(sent); ok {
			c.Boxes = append(c.Boxes, rest)
		}
	}
	return c
}

func newBox(cert report.Certificate, now time.Time) box {
	b := box{
		Role: "leaf", Title: nameOf(cert), Subject: cut(cert.Subject, 300), Issuer: cut(cert.Issuer, 300),
		Key: cut(cert.Key, 80), Serial: cut(cert.Serial, 80), Valid: validity(cert),
	}
	switch {
	case cert.CA && cert.Subject == cert.Issuer:
		b.Role = "root"
	case cert.CA:
		b.Role = "intermediate"
	}
	for i, name := range cert.Names {
		if i == 6 {
			b.Names = append(b.Names, "and "+number(len(cert.Names)-i)+" more")
			break
		}
		b.Names = append(b.Names, cut(name, 260))
	}
	switch {
	case now.Year() <= 1: // the time of the run is unknown
	case cert.NotAfter.Before(now):
		b.Notes = append(b.Notes, "expired "+days(now.Sub(cert.NotAfter))+" before the run")
	case cert.NotBefore.After(now.Add(time.Hour)):
		b.Notes = append(b.Notes, "valid only "+days(cert.NotBefore.Sub(now))+" after the run")
	}
	return b
}

// sameCertificate reports whether two certificates are one: an issuer gives each
// serial number once.
func sameCertificate(a, b report.Certificate) bool {
	return a.Serial == b.Serial && a.Issuer == b.Issuer
}

// link says how the certificate before the one at index i leads to it.
func link(sent []report.Certificate, i int) (text string, broken bool) {
	before := sent[i-1]
	if before.Issuer == sent[i].Subject {
		return "issued by", false
	}
	if sameCertificate(before, sent[i]) {
		return "the same again", true
	}
	for k, other := range sent {
		if k != i-1 && other.Subject == before.Issuer {
			return fmt.Sprintf("wrong order: the issuer is certificate %d", k+1), true
		}
	}
	return "not the issuer, which is " + cut(commonName(before.Issuer), 100), true
}

// missing returns the certificate that a client needs next and was not sent.
func missing(sent []report.Certificate) (box, bool) {
	last := sent[len(sent)-1]
	if last.Subject == last.Issuer || slices.ContainsFunc(sent, func(c report.Certificate) bool {
		return c.Subject == last.Issuer
	}) {
		return box{}, false
	}
	b := box{
		Role: "root", Title: cut(commonName(last.Issuer), 200), Missing: true, Usual: last.CA,
		Link: "issued by",
	}
	b.Notes = []string{"not sent, as is usual: clients have it"}
	if !last.CA {
		b.Role = "issuer"
		b.Notes = []string{"not sent: clients need to have it"}
	}
	return b, true
}

// nameOf returns the name by which people know a certificate.
func nameOf(c report.Certificate) string {
	if cn := commonName(c.Subject); cn != "" {
		return cut(cn, 200)
	}
	if len(c.Names) > 0 {
		return cut(c.Names[0], 200)
	}
	return "certificate without a name"
}

// shortName returns nameOf with the end of the serial number.
func shortName(c report.Certificate) string {
	serial := c.Serial
	if len(serial) > 6 {
		serial = "…" + strings.ToValidUTF8(serial[len(serial)-6:], "")
	}
	return nameOf(c) + " (" + serial + ")"
}

// commonName returns the CN of a distinguished name, or the whole name.
func commonName(dn string) string {
	for part := range strings.SplitSeq(dn, ",") {
		if cn, ok := strings.CutPrefix(strings.TrimSpace(part), "CN="); ok {
			return cn
		}
	}
	return dn
}

// validity writes the validity of a certificate.
func validity(c report.Certificate) string {
	const form = "2 Jan 2006 15:04"
	return c.NotBefore.UTC().Format(form) + " – " + c.NotAfter.UTC().Format(form) +
		" (" + days(c.NotAfter.Sub(c.NotBefore)) + ")"
}

// days writes a long time.
func days(d time.Duration) string {
	switch {
	case d < 0:
		return "less than nothing"
	case d < 2*time.Minute:
		return plural(int(d.Round(time.Second).Seconds()), "second", "seconds")
	case d < 2*time.Hour:
		return plural(int(d.Round(time.Minute).Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return plural(int(d.Round(time.Hour).Hours()), "hour", "hours")
	}
	return plural(int((d+12*time.Hour)/(24*time.Hour)), "day", "days")
}
