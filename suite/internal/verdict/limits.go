package verdict

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/suite/internal/redact"
	"assay/suite/report"
	"assay/suite/report/words"
)

// bounds limits the evidence of one case. CONTRACTS.md states the numbers.
type bounds struct {
	first, last int // lines of the log, at its beginning and at its end
	line        int // bytes of a line
	config      int // bytes
	exchanges   int // the last ones
	handshakes  int
	different   bool // of handshakes that are alike only the last one counts
	chain       int  // certificates of a handshake
	pem         int  // bytes of a certificate; 0 leaves all out
	text        int  // bytes of a name or an error
}

var (
	// whole is for failures. Nothing that a person needs exceeds it; it keeps a
	// target that writes without end from filling the disk.
	whole = bounds{
		first: 500, last: 1500, line: 2000, config: 64 << 10, exchanges: 1000, handshakes: 40,
		chain: 10, pem: 16 << 10, text: 1000,
	}
	// brief is for what passed: enough to see what happened.
	brief = bounds{
		last: 40, line: 400, config: 4 << 10, exchanges: 60, handshakes: 3, different: true,
		chain: 5, text: 200,
	}
)

// longestSecret is the number of lines that a secret may have. That many lines
// beside those that stay are redacted too: a secret of which only a part is left
// would not be recognized.
const longestSecret = 100

// apply cuts evidence to the bounds, and redacts it.
func (l bounds) apply(redactor redact.Redactor, e *report.Evidence) {
	l.shorten(e)
	l.redactLog(redactor, e)
	redactEvidence(redactor, e)
	l.cut(e)
}

// shorten drops exchanges and handshakes beyond the limits, and certificates in
// PEM that are too large.
func (l bounds) shorten(e *report.Evidence) {
	e.ACME = e.ACME[max(0, len(e.ACME)-l.exchanges):]
	if l.different {
		e.Handshakes = lastOfEachKind(e.Handshakes)
	}
	e.Handshakes = e.Handshakes[max(0, len(e.Handshakes)-l.handshakes):]
	for i := range e.Handshakes {
		h := &e.Handshakes[i]
		h.Chain = h.Chain[:min(l.chain, len(h.Chain))]
		for j := range h.Chain {
			if c := &h.Chain[j]; len(c.PEM) > l.pem {
				c.PEM = ""
			}
		}
	}
}

// lastOfEachKind returns the last one of the handshakes that differ in nothing but
// the time and the client's port.
func lastOfEachKind(all []report.Handshake) []report.Handshake {
	var kept []report.Handshake
	seen := map[string]bool{}
	for _, h := range slices.Backward(all) {
		kind := []string{h.Address, h.ServerName, h.Protocol, digits.ReplaceAllString(h.Error, "")}
		for _, c := range h.Chain {
			kind = append(kind, c.Serial, c.Subject)
		}
		if key := strings.Join(kind, "\x00"); !seen[key] {
			seen[key] = true
			kept = append(kept, h)
		}
	}
	slices.Reverse(kept)
	return kept
}

var digits = regexp.MustCompile(`\d+`)

// redactLog redacts the log and drops what is beyond the limit of lines.
func (l bounds) redactLog(r redact.Redactor, e *report.Evidence) {
	lines, times := e.Log, e.LogTMS
	if len(times) != len(lines) {
		times = make([]int64, len(lines))
	}
	n := len(lines) - l.first - l.last
	if n <= 0 {
		lines, times = redactLines(r, lines, times)
	} else {
		from := len(lines) - min(len(lines), l.last+longestSecret)
		tail, late := redactLines(r, lines[from:], times[from:])
		keep := max(0, len(tail)-l.last)
		tail, late = tail[keep:], late[keep:]
		var head []string
		var early []int64
		if l.first > 0 {
			to := min(len(lines), l.first+longestSecret)
			head, early = redactLines(r, lines[:to], times[:to])
			head, early = head[:min(l.first, len(head))], early[:min(l.first, len(early))]
		}
		note := fmt.Sprintf("(%d lines left out)", n)
		lines = slices.Concat(head, []string{note}, tail)
		times = slices.Concat(early, late[:1], late)
	}
	if len(e.LogTMS) > 0 {
		e.LogTMS = times
	}
	e.Log = lines
}

// redactLines redacts lines with their times. A secret of several lines becomes
// one line.
func redactLines(r redact.Redactor, lines []string, times []int64) (redacted []string, at []int64) {
	redacted = r.Lines(lines)
	if len(redacted) == len(lines) {
		return redacted, times
	}
	i := 0
	for k, line := range redacted {
		ahead := slices.Index(lines[i:], line)
		if ahead >= 0 && len(lines)-i-ahead >= len(redacted)-k {
			i += ahead // the lines between are in the one before
		}
		i = min(i, len(lines)-1)
		at = append(at, times[i])
		i++
	}
	return redacted, at
}

// cut cuts texts that are too long, after they were redacted: of a secret that is
// cut, the rest would not be recognized.
func (l bounds) cut(e *report.Evidence) {
	e.Config = words.Cut(e.Config, l.config)
	for _, text := range []*string{&e.Case, &e.Dir, &e.Capture, &e.CaptureLeftOut, &e.Repeat} {
		*text = words.Cut(*text, l.line)
	}
	for i := range e.Log {
		e.Log[i] = words.Cut(e.Log[i], l.line)
	}
	for i := range e.ACME {
		x := &e.ACME[i]
		x.What, x.Detail = words.Cut(x.What, l.line), words.Cut(x.Detail, l.line)
		x.From, x.To = words.Cut(x.From, l.text), words.Cut(x.To, l.text)
		x.Fault = words.Cut(x.Fault, l.text)
	}
	for i := range e.Handshakes {
		h := &e.Handshakes[i]
		h.ServerName, h.Error = words.Cut(h.ServerName, l.text), words.Cut(h.Error, l.text)
		h.Address, h.Protocol = words.Cut(h.Address, l.text), words.Cut(h.Protocol, l.text)
		for j := range h.Chain {
			c := &h.Chain[j]
			c.Subject, c.Issuer = words.Cut(c.Subject, l.text), words.Cut(c.Issuer, l.text)
			c.Serial, c.Key = words.Cut(c.Serial, l.text), words.Cut(c.Key, l.text)
			if n := len(c.Names) - mostNames; n > 0 {
				c.Names = append(c.Names[:mostNames:mostNames], fmt.Sprintf("… and %d more", n))
			}
			for k := range c.Names {
				c.Names[k] = words.Cut(c.Names[k], l.text)
			}
		}
	}
}

// mostNames is the number of names of a certificate that evidence lists.
const mostNames = 20
