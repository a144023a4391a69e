package run

import (
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/internal/contact"
	"assay/suite/report"
)

// TestFinding checks that a target is said never to do something only if it had the time
// for it in every trial that shows it.
func TestFinding(t *testing.T) {
	t.Parallel()
	const why = report.CauseNoContact + ": no such host"
	right := shown{
		waited: true, ready: true, asked: true, issued: true, listens: true,
		cause: report.CauseNoCertificate,
	}
	silent := shown{waited: true, ready: true, listens: true, cause: report.CauseNoContact}
	named, refused, busy, deaf, ended := silent, right, silent, silent, silent
	early, elsewhere := silent, named
	early.waited, elsewhere.waited, elsewhere.elsewhere = false, false, true
	elsewhere.cause = why
	named.cause = why
	refused.issued = false
	busy.ready = false
	deaf.listens = false
	ended.waited, ended.ready = false, false
	for _, tt := range []struct {
		name string
		all  []shown
		want contact.Finding
	}{
		{"right", []shown{right, right}, contact.Finding{}},
		{"silent", []shown{silent, silent},
			contact.Finding{Never: true, Cause: report.CauseNoContact}},
		{"the second says why", []shown{silent, named}, contact.Finding{Never: true, Cause: why}},
		{"silent by one type", []shown{right, silent}, contact.Finding{}},
		{"the CA issues nothing", []shown{refused}, contact.Finding{}},
		{"not ready", []shown{busy, busy},
			contact.Finding{Never: true, NotReady: true, Cause: report.CauseNoContact}},
		{"ready by one type", []shown{busy, silent},
			contact.Finding{Never: true, Cause: report.CauseNoContact}},
		{"ended by itself", []shown{ended}, contact.Finding{}},
		{"there is more time", []shown{early}, contact.Finding{}},
		{"there is more time by one type", []shown{silent, early}, contact.Finding{}},
		{"another CA", []shown{elsewhere, elsewhere}, contact.Finding{Never: true, Cause: why}},
		{"another CA, more time by one type", []shown{early, elsewhere}, contact.Finding{Cause: why}},
		{"right by one type, another CA by one", []shown{right, elsewhere}, contact.Finding{}},
		{"no listener", []shown{silent, deaf},
			contact.Finding{Never: true, NoListener: true, Cause: report.CauseNoContact}},
		{"no listener, by http-01 alone", []shown{right, deaf}, contact.Finding{NoListener: true}},
	} {
		all := map[string]shown{}
		for i, s := range tt.all {
			all[[]string{"tls-alpn-01", "http-01"}[i]] = s
		}
		if got := finding(all); got != tt.want {
			t.Errorf("%s: found %+v, expected %+v", tt.name, got, tt.want)
		}
	}
}

// TestCauseOfTheTrial checks that what a run found of the target is the cause of the cases
// that failed because no request reached the CA, and of no others.
func TestCauseOfTheTrial(t *testing.T) {
	t.Parallel()
	p := planOf(t, Options{Only: []string{"ACME-01", "ACME-04", "BYO-01", "RENEW-07"}})
	path := filepath.Join(t.TempDir(), "contact.json")
	p.contact = contact.NewReader(path)
	causes := func() string {
		own := outcomeAs("ACME-04", report.Failed)
		own.NoContact, own.Cause = true, "its own"
		without := outcomeAs("RENEW-07", report.Failed)
		without.NoContact = true
		r := p.conclude(conclusion{outcomes: []outcome{
			outcomeAs("ACME-01", report.Failed), own, outcomeAs("BYO-01", report.Failed), without,
		}})
		var all []string
		for _, x := range r.Results {
			if x.Status == report.Failed {
				all = append(all, x.ID+" "+x.Cause)
			}
		}
		return strings.Join(all, ", ")
	}
	if got, want := causes(), "BYO-01 , ACME-01 , ACME-04 its own, RENEW-07 "; got != want {
		t.Errorf("without a finding: %q, expected %q", got, want)
	}
	if err := (contact.Finding{Never: true, Cause: "no host"}).Store(path); err != nil {
		t.Fatal(err)
	}
	if got, want := causes(), "BYO-01 , ACME-01 , ACME-04 no host, RENEW-07 no host"; got != want {
		t.Errorf("with a finding: %q, expected %q", got, want)
	}
}

// TestTriesIssuance checks that a run tries one issuance if more specs need a certificate
// than can wait for it at the same time.
func TestTriesIssuance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		o    Options
		want bool
	}{
		{Options{Procs: 16}, true},
		{Options{Procs: 16, Only: []string{"RENEW-*"}}, true},
		{Options{Procs: 16, Only: []string{"RES-*"}}, true},
		{Options{Procs: 16, Only: []string{"RENEW-07", "BYO-*"}}, false},
		{Options{Procs: 16, Only: []string{"CHAIN-*"}}, false},
	} {
		if got := planOf(t, tt.o).triesIssuance(); got != tt.want {
			t.Errorf("%v: %t, expected %t", tt.o.Only, got, tt.want)
		}
	}
}
