package page

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"assay/suite/report"
)

// listed returns the text of the list of what failed, and the IDs it links to.
func listed(t *testing.T, r *report.Report) (text string, links []string) {
	t.Helper()
	for _, n := range parse(t, rendered(t, r)) {
		if n.Data != "section" || attribute(n, "class") != "list" {
			continue
		}
		for d := range n.Descendants() {
			if id, ok := strings.CutPrefix(attribute(d, "href"), "#"); ok && d.Data == "a" {
				links = append(links, id)
			}
			if d.Type == html.TextNode {
				text += d.Data + " "
			}
		}
	}
	return strings.Join(strings.Fields(text), " "), links
}

// unreachable makes the first n results of an issuance fail, because the server does
// not reach its CA, and returns their IDs.
func unreachable(r *report.Report, n int) []string {
	var ids []string
	for i := range r.Results {
		x := &r.Results[i]
		if x.Level != "MUST" || x.Profile != "acme" || len(ids) == n {
			continue
		}
		fail(x)
		x.Evidence.ACME, x.Evidence.LogTMS = nil, nil
		x.Evidence.Log = []string{`ERROR Get "https://acme.example/directory": dial tcp: ` +
			"lookup acme.example on 127.0.0.53:53: no such host"}
		x.Cause = report.CauseNoContact + ": lookup acme.example: no such host"
		ids = append(ids, x.ID)
	}
	return ids
}

// TestGroupsByCause checks that failures with one cause are one entry, with the first
// in full and links to the others.
func TestGroupsByCause(t *testing.T) {
	t.Parallel()
	r := passing(t)
	want := unreachable(r, 7)
	r.Conclude()
	text, links := listed(t, r)
	if got := strings.Join(links, " "); got != strings.Join(want, " ") {
		t.Errorf("the list links to %s, want %s", got, want)
	}
	for _, want := range []string{
		"What failed 7 7 failures the server never contacted the CA at acme_url: " +
			"lookup acme.example: no such host " + want[0],
		"6 more failed for the same cause " + want[1], "CA saw no request", "said ERROR Get",
		"decoy the suite puts a certificate of this name where a wrong look-up finds it",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the list does not say %q: %s", want, text)
		}
	}
	if n := strings.Count(text, "expected "); n != 1 {
		t.Errorf("the list says %d times what was expected, want once: %s", n, text)
	}
}

// TestNotMetForTheSameCause checks that a SHOULD that failed for the cause of a MUST
// says so, instead of all again.
func TestNotMetForTheSameCause(t *testing.T) {
	t.Parallel()
	r := passing(t)
	first := unreachable(r, 1)[0]
	for i := range r.Results {
		if x := &r.Results[i]; x.Level == "SHOULD" && x.Profile == "acme" {
			fail(x)
			x.Cause = report.CauseNoContact + ": lookup acme.example: no such host"
			break
		}
	}
	r.Conclude()
	text := strings.Join(strings.Fields(strings.Join(visible(t, rendered(t, r)), " ")), " ")
	if want := "SHOULD for the same cause as " + first; !strings.Contains(text, want) {
		t.Errorf("the page does not say %q", want)
	}
}

// TestFailureOfACase checks that a failure with cases shows what was expected and
// seen of the first one that failed, and not the reason as running text.
func TestFailureOfACase(t *testing.T) {
	t.Parallel()
	r := passing(t)
	var x *report.Result
	for i := range r.Results {
		if y := &r.Results[i]; x == nil && y.Level == "MUST" && len(y.Cases) > 2 {
			x = y
		}
	}
	fail(x)
	x.Reason += " (2 of 3 cases failed)"
	r.Conclude()
	text, _ := listed(t, r)
	host := strings.ToLower(x.ID) + ".assay.test"
	want := "expected the certificate " + host + " (…8443a5) seen decoy"
	if !strings.Contains(text, want) {
		t.Errorf("the list does not say %q: %s", want, text)
	}
	if strings.Contains(text, "; seen") || strings.Contains(text, "cases failed)") {
		t.Errorf("the list shows the reason as running text: %s", text)
	}
	// Two cases saw the decoy. Of each part of the page, one place explains it.
	whole := strings.Join(visible(t, rendered(t, r)), " ")
	if n := strings.Count(whole, "the suite puts a certificate of this name"); n != 2 {
		t.Errorf("the page explains the decoy %d times, want twice: in the list and in %s", n, x.ID)
	}
}
