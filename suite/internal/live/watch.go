package live

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"assay/pebble"
	"assay/suite/internal/logtext"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
	"assay/suite/report/words"
)

// watcher turns what the CA, the clients and the log show into the life.
type watcher struct {
	life  *Life
	began time.Time // the target's time
	tell  func(Event)
	// redact hides secrets in texts.
	redact func(string) string

	journal  int // entries of the CA's journal that were looked at
	log      int // the mark of the log up to which it was looked at
	warnings map[string]int
	served   []served // what clients were served, in order
	events   []Event  // that were not told yet
	row      int      // how many attempts have failed in a row
}

func (w *watcher) passed(at time.Time) Seconds { return seconds(at.Sub(w.began)) }

// served is a certificate that clients were served, from a moment on.
type served struct {
	from time.Time
	leaf *x509.Certificate
}

func (w *watcher) event(kind string, at time.Time, format string, args ...any) {
	w.events = append(w.events, Event{kind, w.passed(at), w.redact(fmt.Sprintf(format, args...))})
}

// flush tells what has happened, in the order of time.
func (w *watcher) flush() {
	slices.SortStableFunc(w.events, func(a, b Event) int { return cmp.Compare(a.Passed, b.Passed) })
	for _, e := range w.events {
		w.tell(e)
	}
	w.events = nil
}

// left returns the time that the certificate had left at a moment that clients were
// served until then; nil if they had been served none.
func (w *watcher) left(at time.Time) *Seconds {
	for _, s := range slices.Backward(w.served) {
		if s.from.Before(at) {
			left := seconds(s.leaf.NotAfter.Sub(at))
			return &left
		}
	}
	return nil
}

// apart is the time between two exchanges with the CA that belong to two attempts.
const apart = 20 * time.Second

// lookAtCA records what has happened at the CA. What may go on is left for later: the
// target may pause before it repeats a request.
func (w *watcher) lookAtCA(journal *pebble.Journal, now time.Time) {
	for entries := journal.Since(w.journal); len(entries) > 0; {
		n := 1
		for n < len(entries) && entries[n].At.Sub(entries[n-1].At) < apart {
			n++
		}
		last := entries[n-1]
		if last.Kind != pebble.KindCertificate && now.Sub(last.At) < apart {
			return
		}
		w.attempt(entries[:n])
		w.journal += n
		entries = entries[n:]
	}
}

// attempt records one exchange with the CA.
func (w *watcher) attempt(entries []pebble.Entry) {
	issued, ordered := 0, 0
	reason := ""
	requests := 0
	for _, e := range entries {
		switch {
		case e.Kind == pebble.KindIssued:
			issued++
			w.certificate(e)
		case e.Kind == pebble.KindNewOrder && e.Status == http.StatusCreated:
			ordered++
		case e.Kind == pebble.KindValidation && !e.Valid():
			w.life.CA.Validations++
		}
		if e.From == "target" && e.Status != 0 || e.Fault != "" {
			requests++
		}
		if text := failure(e); text != "" {
			reason = text
		}
	}
	w.life.CA.Requests += requests
	w.life.CA.Orders += ordered
	w.life.CA.Issued += issued
	if issued > 0 || reason == "" && ordered == 0 {
		if issued > 0 {
			w.row = 0
		}
		return
	}
	at := entries[len(entries)-1].At
	a := Attempt{
		At: at, Passed: w.passed(at), Requests: requests, Left: w.left(at),
		Reason: w.redact(cmp.Or(reason, "the order was not finished")),
	}
	w.life.Attempts = append(w.life.Attempts, a)
	w.row++
	if w.row <= mostInARow {
		w.event(KindFailed, at, "no certificate from the CA: %s%s", a.Reason, leftText(a.Left))
	}
}

// mostInARow is how many failed attempts in a row are told as they happen.
const mostInARow = 3

// failure describes an entry that says why there is no certificate.
func failure(e pebble.Entry) string {
	switch {
	case e.Kind == pebble.KindValidation && !e.Valid():
		return words.Join(": ", e.What, e.Problem, e.Detail)
	case e.Fault != "":
		return words.Join(" ", e.What, "met: "+e.Fault)
	case e.Status >= http.StatusBadRequest && !strings.HasSuffix(e.Problem, ":badNonce"):
		return words.Join(": ", fmt.Sprintf("%s was answered with %d", e.What, e.Status),
			e.Problem, e.Detail)
	case e.Status >= http.StatusBadRequest:
		return fmt.Sprintf("%s was answered with badNonce, and not repeated", e.What)
	case e.Kind == pebble.KindTLS || e.Kind == pebble.KindCA && e.Detail != "":
		return words.Join(": ", e.What, e.Detail)
	}
	return ""
}

// certificate records one that was issued.
func (w *watcher) certificate(e pebble.Entry) {
	c := Certificate{
		Serial: e.Serial, Key: e.KeyAlgorithm, IssuedAt: e.At, Passed: w.passed(e.At),
		NotAfter: e.NotAfter, Left: w.left(e.At),
	}
	w.life.Certificates = append(w.life.Certificates, c)
	which := "the first certificate"
	if c.Left != nil {
		which = "a certificate"
	}
	w.event(KindIssued, e.At, "%s, %s, valid until %s%s", which, c.Key,
		c.NotAfter.UTC().Format(time.DateOnly), leftText(c.Left))
}

// leftText says how much time the certificate had left that clients were served.
func leftText(left *Seconds) string {
	switch {
	case left == nil:
		return ""
	case *left < 0:
		return fmt.Sprintf("; the one that clients were served had expired %s before",
			length(-left.Duration()))
	}
	return fmt.Sprintf("; the one that clients were served had %s left", length(left.Duration()))
}

// length returns a length of time in words: "29.5 days", "3.2 hours".
func length(d time.Duration) string {
	switch {
	case d >= day:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	case d >= time.Minute:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	}
	return fmt.Sprintf("%.0f seconds", d.Seconds())
}

// client records what a client has met.
func (w *watcher) client(h *wire.Handshake, now time.Time) {
	c := &w.life.Clients
	c.Handshakes++
	reason := ""
	switch {
	case h.Err != nil:
		c.Failed++
		reason = "the handshake failed: " + words.OneLine(h.Err.Error())
	case h.Leaf() != nil && now.After(h.Leaf().NotAfter):
		reason = "the certificate had expired " +
			length(now.Sub(h.Leaf().NotAfter)) + " before"
	case h.VerifyErr != nil:
		reason = "the certificate is not valid: " + words.OneLine(h.VerifyErr.Error())
	}
	open := w.open()
	if reason != "" {
		if open == nil {
			c.Gaps = append(c.Gaps, Gap{From: w.passed(now), Reason: w.redact(reason)})
			w.event(KindGap, now, "a client was not served: %s", reason)
		}
		return
	}
	if open != nil {
		to := w.passed(now)
		open.To = &to
		w.event(KindCovered, now, "clients are served again")
	}
	leaf := h.Leaf()
	if n := len(w.served); n > 0 && w.served[n-1].leaf.Equal(leaf) {
		return
	}
	w.served = append(w.served, served{now, leaf})
}

// open returns the gap in which clients are now; nil if they are served.
func (w *watcher) open() *Gap {
	all := w.life.Clients.Gaps
	if len(all) == 0 || all[len(all)-1].To != nil {
		return nil
	}
	return &all[len(all)-1]
}

// matchServed notes when the certificates were first served to a client.
func (w *watcher) matchServed() {
	for i := range w.life.Certificates {
		c := &w.life.Certificates[i]
		for _, s := range w.served {
			if c.Served != nil || s.leaf.SerialNumber.Text(16) != c.Serial {
				continue
			}
			at := w.passed(s.from)
			c.Served = &at
			if late := (at - c.Passed).Duration(); late > time.Duration(w.life.Step) {
				w.event(KindServed, s.from,
					"clients are served the certificate that was issued %s before", length(late))
			}
		}
	}
}

// lookAtLog records the lines that say that they are warnings.
func (w *watcher) lookAtLog(log *sut.Log, at func(sut.Line) time.Time) {
	mark := log.Mark()
	if mark < w.log {
		w.log = 0 // the server was started again
	}
	lines := log.Since(w.log)
	w.log = mark
	w.life.LogLines += len(lines)
	for _, line := range lines {
		level := line.Level()
		if level < logtext.Warning {
			continue
		}
		shape, when := line.Shape(), at(line)
		if i, known := w.warnings[shape]; known {
			w.life.Warnings[i].Count++
			w.life.Warnings[i].Last = w.passed(when)
			continue
		}
		if len(w.warnings) >= mostWarnings {
			continue
		}
		w.warnings[shape] = len(w.life.Warnings)
		text := words.OneLine(w.redact(line.Text))
		w.life.Warnings = append(w.life.Warnings, Warning{
			Text: text, Level: level.String(), Count: 1,
			First: w.passed(when), Last: w.passed(when),
		})
		w.event(KindWarning, when, "%s: %s", level, text)
	}
}

// mostWarnings is how many different warnings are kept.
const mostWarnings = 100
