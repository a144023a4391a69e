package verdict

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/suite/internal/redact"
	"assay/suite/report"
)

// numbered returns so many lines, each with its number as its time.
func numbered(n int) (lines []string, times []int64) {
	for i := range n {
		lines, times = append(lines, fmt.Sprintf("line %d", i)), append(times, int64(i))
	}
	return lines, times
}

// TestBriefEvidence checks that the evidence of what passed stays small and shows
// the end.
func TestBriefEvidence(t *testing.T) {
	t.Parallel()
	e := &report.Evidence{Config: strings.Repeat("k: v\n", 2000)}
	e.Log, e.LogTMS = numbered(1000)
	e.Log[999] += strings.Repeat("é", 1000)
	for i := range 100 {
		e.ACME = append(e.ACME, report.Exchange{TMS: int64(i), What: "POST newOrder"})
		e.Handshakes = append(e.Handshakes, report.Handshake{
			TMS: int64(i), Address: "10.0.0.1:443", ServerName: fmt.Sprintf("name-%d", i/25),
			Error: fmt.Sprintf("read 10.0.0.2:%d->10.0.0.1:443: EOF", 40000+i),
			Chain: []report.Certificate{{Subject: "CN=a", Serial: "1", PEM: "-----BEGIN"}},
		})
	}
	o := Outcome{Status: report.Passed, Evidence: e}
	o.Sanitize(nil, nil)
	if len(e.Log) != 41 || e.Log[0] != "(960 lines left out)" || e.LogTMS[0] != 960 ||
		e.Log[1] != "line 960" || e.LogTMS[1] != 960 || e.LogTMS[40] != 999 {
		t.Errorf("log of %d lines, %q at %v …, expected the last 40", len(e.Log), e.Log[:2], e.LogTMS[:2])
	}
	if last := e.Log[40]; len(last) > 400 || !strings.HasSuffix(last, "é…") {
		t.Errorf("the last line has %d bytes: %q", len(last), last)
	}
	if len(e.Config) > 4<<10 {
		t.Errorf("%d bytes of configuration, expected at most 4096", len(e.Config))
	}
	if len(e.ACME) != 60 || e.ACME[0].TMS != 40 {
		t.Errorf("%d exchanges from %v, expected the last 60", len(e.ACME), e.ACME[0])
	}
	var at []int64
	for _, h := range e.Handshakes {
		at = append(at, h.TMS)
		if h.Chain[0].PEM != "" {
			t.Errorf("handshake at %d ms: PEM in the evidence of what passed", h.TMS)
		}
	}
	if want := []int64{49, 74, 99}; !slices.Equal(at, want) {
		t.Errorf("handshakes at %v ms, expected the last of each of three kinds: %v", at, want)
	}
}

// TestWholeEvidence checks that the evidence of a failure is kept, and that a log
// without end keeps its beginning and its end.
func TestWholeEvidence(t *testing.T) {
	t.Parallel()
	o := Outcome{Status: report.Failed, Whole: true, Evidence: &report.Evidence{
		Handshakes: []report.Handshake{{Chain: []report.Certificate{{PEM: "-----BEGIN"}}}},
	}}
	e := o.Evidence
	e.Log, e.LogTMS = numbered(10000)
	o.Sanitize(nil, nil)
	got := []string{e.Log[499], e.Log[500], e.Log[501], e.Log[2000]}
	want := []string{"line 499", "(8000 lines left out)", "line 8500", "line 9999"}
	if diff := cmp.Diff(want, got); diff != "" || len(e.Log) != 2001 || len(e.LogTMS) != 2001 {
		t.Errorf("%d lines, %d times: %s", len(e.Log), len(e.LogTMS), diff)
	}
	if e.Handshakes[0].Chain[0].PEM == "" {
		t.Error("the evidence of a failure has lost a certificate")
	}
}

// TestTimesOfRedactedLines checks that lines keep their times when a secret of
// several lines becomes one.
func TestTimesOfRedactedLines(t *testing.T) {
	t.Parallel()
	lines := []string{
		"one", "-----BEGIN PRIVATE KEY-----", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
		"-----END PRIVATE KEY-----", "two", "two", "three",
	}
	times := []int64{10, 20, 21, 22, 30, 31, 40}
	got, at := redactLines(redact.New(), lines, times)
	if len(got) != 5 || got[0] != "one" || got[4] != "three" {
		t.Fatalf("redacted %q: expected the key as one line", got)
	}
	if want := []int64{10, 20, 30, 31, 40}; !slices.Equal(at, want) {
		t.Errorf("times %v, expected %v", at, want)
	}
}

// TestSecretAtACut checks that a key of which a part is dropped is redacted all the
// same.
func TestSecretAtACut(t *testing.T) {
	t.Parallel()
	p := plant(t)
	key := strings.Split(strings.TrimSpace(p.pem), "\n")
	e := &report.Evidence{Log: slices.Repeat([]string{"x"}, 500)}
	e.Log = append(e.Log, key...)
	e.Log = append(e.Log, slices.Repeat([]string{"y"}, brief.last-2)...)
	o := Outcome{Status: report.Passed, Evidence: e}
	o.Sanitize(nil, nil)
	for _, part := range p.fragments {
		if strings.Contains(strings.Join(e.Log, "\n"), part) {
			t.Errorf("%s is in the log:\n%s", part, strings.Join(e.Log, "\n"))
		}
	}
	long := &report.Evidence{Log: []string{strings.Repeat("z", 390) + p.keyAuthorization}}
	o = Outcome{Status: report.Passed, Evidence: long}
	o.Sanitize(nil, nil)
	if strings.Contains(long.Log[0], p.keyAuthorization[:5]) {
		t.Errorf("a part of a key authorization stays: %s", long.Log[0])
	}
}
