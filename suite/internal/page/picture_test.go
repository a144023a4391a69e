package page

import (
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"assay/suite/report"
	"assay/suite/report/words"
)

// pictures names the directory for the pictures of the README:
//
//	go test ./suite/internal/page -run TestPicture -pictures "$PWD/.github/images"
var pictures = flag.String("pictures", "", "directory to write the pictures of the README to")

// example returns the report of the README's pictures: a server with some
// mistakes.
func example(t testing.TB) *report.Report {
	r := passing(t)
	r.DurationMS, r.CPUMS = 8834, 14620
	find := func(id string) *report.Result {
		for i := range r.Results {
			if r.Results[i].ID == id {
				return &r.Results[i]
			}
		}
		t.Fatalf("the catalogue has no %s", id)
		return nil
	}
	say := func(id string, s report.Status, message string) *report.Result {
		x := find(id)
		fail(x)
		x.Status, x.Reason, x.Detail = s, words.Headline(message), message
		if n := len(x.Cases); n > 0 {
			c := &x.Cases[n-1]
			c.Status, c.Reason, c.Detail = s, x.Reason, message
			x.Reason = c.Case + ": " + x.Reason
		}
		return x
	}
	const untrusted = "expected  a chain that a client accepts when it trusts only the root " +
		"Pebble Root CA 4345ce\nseen      %s.assay.test (…ae488b)\n" +
		"          x509: certificate signed by unknown authority"
	say("BYO-03", report.Failed, "expected  the certificate byo-03.assay.test (…8443a5)\n"+
		"seen      decoy (…8dec81), which is in the working directory")
	say("CHAIN-02", report.Failed, fmt.Sprintf(untrusted, "chain-02"))
	say("RENEW-04", report.Failed, fmt.Sprintf(untrusted, "renew-04")).Evidence = cutShort()
	say("RENEW-16", report.Failed, "expected  a line of the log with \"Connection refused\"\n"+
		"seen      renewal failed, will retry")
	say("RES-03", report.KnownFailed, "expected  two orders\nseen      one").KnownFailure =
		&report.Excuse{Reason: "the server tries once", Link: "https://example.org/issues/42"}
	r.Conclude()
	return r
}

// cutShort returns the evidence of a renewal that needed a second validation, and
// after which the server lost the intermediate.
func cutShort() *report.Evidence {
	const host = "renew-04.assay.test"
	e := renewal(host)
	e.Dir, e.Repeat = "evidence/RENEW-04", "assay run --target my-server.yaml --only RENEW-04 --keep"
	whole := e.ACME
	e.ACME = append(whole[:8:8], report.Exchange{
		TMS: 31, From: "ca", To: "edge", What: "challenge tls-alpn-01 invalid",
		Detail: "urn:ietf:params:acme:error:connection connection reset by peer",
	}, report.Exchange{
		TMS: 33, From: "target", To: "edge", What: "POST newOrder", Status: 500, Fault: "server-error",
	})
	for i, x := range whole[3:] {
		x.TMS = int64(35 + 2*i)
		e.ACME = append(e.ACME, x)
	}
	for i := range e.Handshakes[2:] {
		h := &e.Handshakes[2+i]
		h.TMS, h.Chain = int64(60+9*i), h.Chain[:1]
	}
	return e
}

// TestPicture takes the pictures of the README.
func TestPicture(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -pictures DIR: there is nothing to take pictures for")
	}
	r := newReader(t)
	x := example(t)
	for _, p := range []struct {
		name, fragment, script string
		height                 int
	}{
		{"report", "", `0`, 1010},
		{"evidence", "#RENEW-04", `document.getElementById("x-filter").hidden = true;
			document.getElementById("RENEW-04").parentElement.querySelector(".seq").parentElement
				.scrollIntoView(); scrollBy(0, -16)`, 1085},
	} {
		r.size(1120, p.height)
		for theme, suffix := range map[string]string{"light": ".png", "dark": "-dark.png"} {
			r.theme(theme)
			r.open("example", x, p.fragment)
			eval[any](r, `document.documentElement.style.scrollbarWidth = "none"; `+p.script)
			eval[any](r, settled)
			var shot struct{ Data string }
			format := map[string]any{"format": "png"}
			if _, err := r.b.Do("Page.captureScreenshot", format, &shot); err != nil {
				t.Fatal(err)
			}
			png, err := base64.StdEncoding.DecodeString(shot.Data)
			if err != nil {
				t.Fatal(err)
			}
			if len(png) > 200_000 {
				t.Errorf("%s%s has %d bytes, expected at most 200000", p.name, suffix, len(png))
			}
			if err := os.WriteFile(filepath.Join(*pictures, p.name+suffix), png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
