package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/suite/report"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		total, n, center int
		want             []span
	}{
		{5, 10, 4, []span{{0, 5}}},
		{10, 10, 0, []span{{0, 10}}},
		{100, 20, 99, []span{{0, 5}, {85, 100}}},
		{100, 20, 50, []span{{0, 5}, {39, 54}}},
		{100, 20, 3, []span{{0, 20}}},
		{100, 1, 99, []span{{0, 0}, {99, 100}}},
	} {
		got := choose(tt.total, tt.n, tt.center)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(span{})); diff != "" {
			t.Errorf("choose(%d, %d, %d): %s", tt.total, tt.n, tt.center, diff)
		}
		sum := 0
		for i, s := range got {
			sum += s.to - s.from + gap(got, i, tt.total)
		}
		if sum != tt.total {
			t.Errorf("choose(%d, %d, %d): spans and gaps make %d", tt.total, tt.n, tt.center, sum)
		}
	}
}

// TestChain checks what the picture of a chain says of it.
func TestChain(t *testing.T) {
	t.Parallel()
	l, mid, top := leaf("a.test", "aa", -10, 90), intermediate(), root()
	other := cert("CN=Other", "CN=Other root", "77", -10, 90)
	old := leaf("a.test", "ab", -200, 90)
	future := leaf("a.test", "ac", 20, 90)
	type (
		certificates = []report.Certificate
		boxes        = []string
	)
	const by = " < issued by"
	for name, tt := range map[string]struct {
		sent certificates
		want boxes
	}{
		"complete":    {certificates{l, mid}, boxes{"leaf", "intermediate" + by, "root?" + by}},
		"with root":   {certificates{l, mid, top}, boxes{"leaf", "intermediate" + by, "root" + by}},
		"leaf alone":  {certificates{l}, boxes{"leaf", "issuer??" + by}},
		"self-signed": {certificates{cert("CN=a", "CN=a", "1", -1, 9)}, boxes{"leaf"}},
		"wrong order": {certificates{l, top, mid}, boxes{
			"leaf", "root <! wrong order: the issuer is certificate 3",
			"intermediate <! not the issuer, which is Pebble Root CA 4345ce",
		}},
		"sent twice": {certificates{l, mid, mid}, boxes{
			"leaf", "intermediate" + by, "intermediate <! the same again (sent twice)", "root?" + by,
		}},
		"not related": {certificates{l, other}, boxes{
			"leaf", "leaf <! not the issuer, which is Pebble Intermediate CA 6c3a7e", "issuer??" + by,
		}},
		"expired": {certificates{old, mid, top}, boxes{
			"leaf (expired 110 days before the run)", "intermediate" + by, "root" + by,
		}},
		"not yet": {certificates{future, mid, top}, boxes{
			"leaf (valid only 20 days after the run)", "intermediate" + by, "root" + by,
		}},
		"root and leaf": {certificates{top, l}, boxes{
			"root", "leaf <! not the issuer, which is Pebble Root CA 4345ce", "issuer??" + by,
		}},
	} {
		c := newChain(&serving{chain: tt.sent, times: []int64{1}}, began)
		var got boxes
		for _, b := range c.Boxes {
			s := b.Role
			if b.Missing {
				s += "?"
			}
			if b.Missing && !b.Usual {
				s += "?"
			}
			if b.Link != "" {
				s += map[bool]string{true: " <! ", false: " < "}[b.Broken] + b.Link
			}
			if len(b.Notes) > 0 && !b.Missing {
				s += " (" + strings.Join(b.Notes, ", ") + ")"
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSequence checks the arrows, what is marked, and what is left out.
func TestSequence(t *testing.T) {
	t.Parallel()
	all := []report.Exchange{
		{TMS: 1, From: "target", To: "edge", What: "POST newOrder", Status: 201},
		{TMS: 2, From: "ca", To: "target", What: "connection to port 443"},
		{TMS: 3, From: "ca", To: "target", What: "connection to port 443"},
		{TMS: 4, From: "ca", To: "dns", What: "query A"},
		{TMS: 5, From: "ca", To: "edge", What: "challenge http-01 invalid"},
		{TMS: 6, From: "target", To: "edge", What: "POST finalize", Status: 403},
		{TMS: 7, From: "target", To: "edge", What: "POST newOrder", Status: 500, Fault: "server-error"},
		{TMS: 8, From: "nobody", To: "edge", What: "something"},
	}
	var got []string
	s := newSequence(all, 100)
	for _, x := range s.Rows {
		got = append(got, fmt.Sprintf("%s %s %s x%d %s", x.Time, x.Arrow, x.Accent, x.Times, x.Route))
	}
	want := []string{
		"1 ms a-02  x1 target to edge", "2 ms a-30  x2 CA to target", "4 ms a-31  x1 CA to DNS",
		"5 ms a-32 bad x1 CA to edge", "6 ms a-02 bad x1 target to edge",
		"7 ms a-02 warn x1 target to edge", "8 ms a-dot  x1 nobody to edge",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.Bad != 3 || s.Total != len(all) {
		t.Errorf("%d of %d went wrong, want 3 of %d", s.Bad, s.Total, len(all))
	}
	ids := map[string]bool{"a-dot": true}
	for _, a := range arrows() {
		ids[a.ID] = true
	}
	for _, x := range s.Rows {
		if !ids[x.Arrow] {
			t.Errorf("no symbol draws %s", x.Arrow)
		}
	}
	var long []report.Exchange
	for i := range 100 {
		long = append(long, report.Exchange{
			TMS: int64(i), From: "target", To: "edge", What: fmt.Sprint("POST ", i),
		})
	}
	long[50].Status = 400
	rows := newSequence(long, 20).Rows
	var texts []string
	for _, x := range rows {
		texts = append(texts, x.Gap+x.What)
	}
	all20 := strings.Join(texts, ",")
	for _, want := range []string{
		"POST 0,", "POST 50,", "34 exchanges left out here", "46 exchanges left out here",
	} {
		if !strings.Contains(all20, want) {
			t.Errorf("found %s, want %q in it", all20, want)
		}
	}
}

// TestLog checks that what clients and the CA saw stands between the lines, in the
// order of time.
func TestLog(t *testing.T) {
	t.Parallel()
	e := &report.Evidence{
		Log: []string{"start", "order", "stop"}, LogTMS: []int64{1, 10, 20},
		ACME: []report.Exchange{
			{TMS: 12, What: "POST newOrder", Status: 403}, {TMS: 5, What: "GET directory", Status: 200},
		},
		Handshakes: []report.Handshake{
			{TMS: 25, Error: "EOF"},
			{TMS: 3, Chain: []report.Certificate{leaf("a.test", "0123456789", 0, 1)}},
		},
	}
	var got []string
	for _, l := range newLogView(e, serve(e.Handshakes), 100).Lines {
		got = append(got, l.Time+"|"+l.Accent+"|"+l.Text)
	}
	want := []string{
		"1 ms||start", "3 ms|info|client: was served a.test (…456789)", "10 ms||order",
		"12 ms|bad|CA: POST newOrder 403", "20 ms||stop", "25 ms|bad|client: EOF",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	e.LogTMS = e.LogTMS[:2] // times that cannot belong to the lines
	for _, l := range newLogView(e, nil, 100).Lines {
		if l.Time != "" || l.Accent != "" {
			t.Errorf("found %+v, want no time and no event", l)
		}
	}
}

// TestTimeline checks the positions of certificates and of their handshakes.
func TestTimeline(t *testing.T) {
	t.Parallel()
	e := renewal("a.test")
	got := newTimeline(e, serve(e.Handshakes), began)
	if got == nil || len(got.Bars) != 2 {
		t.Fatalf("found %+v, want two certificates", got)
	}
	// From 80 days before the run to 90 days after it are 170 days.
	first, second := got.Bars[0], got.Bars[1]
	if first.X != 0 || first.Left != "10 days left" || got.Now != 80*996/170 {
		t.Errorf("the first is at %d, %s, the run at %d; want 0, 10 days left, %d",
			first.X, first.Left, got.Now, 80*996/170)
	}
	if second.X != got.Now || second.X+second.Width != barWidth {
		t.Errorf("the second is at %d, %d wide; want it from the run to the end", second.X, second.Width)
	}
	if diff := cmp.Diff([]int{48 * 996 / 70, 996}, second.Seen); diff != "" {
		t.Error(diff)
	}
	var marks []string
	for _, m := range got.Marks {
		marks = append(marks, m.Time+" "+m.Text)
	}
	want := []string{"22 ms POST newOrder 201", "38 ms certificate issued"}
	if diff := cmp.Diff(want, marks); diff != "" {
		t.Error(diff)
	}
	e.Handshakes = e.Handshakes[:2]
	if one := newTimeline(e, serve(e.Handshakes), began); one != nil {
		t.Errorf("found %+v, want no timeline of one certificate", one)
	}
}

func TestObservationsOfSeveralCases(t *testing.T) {
	t.Parallel()
	x := &report.Result{Cases: make([]report.Case, 3), Observations: []report.Observation{
		{Kind: "acme", Name: "orders", Case: "a", Value: []any{"one", "two"}},
		{Kind: "acme", Name: "orders", Case: "b", Value: []any{"one", "two"}},
		{Kind: "acme", Name: "orders", Case: "c", Value: []any{}},
		{Kind: "count", Name: "n", Value: map[string]any{"x": 1.0}},
		{Kind: "alert", Name: "same", Case: "a", Value: nil},
		{Kind: "alert", Name: "same", Case: "b", Value: nil},
		{Kind: "alert", Name: "same", Case: "c", Value: nil},
	}}
	want := []observation{
		{"acme", "orders", "one\ntwo", "a, b"}, {"acme", "orders", "none", "c"},
		{"count", "n", `{"x":1}`, ""}, {"alert", "same", "none", "all 3 cases"},
	}
	if diff := cmp.Diff(want, observations(x, 1000)); diff != "" {
		t.Error(diff)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		number(7): "7", number(1234): "1\u202f234", number(-123456): "-123\u202f456",
		duration(97): "97 ms", duration(46_210): "46.2 s", duration(600_000): "10 min",
		days(90 * time.Second): "90 seconds", days(90 * time.Minute): "90 minutes",
		days(24 * time.Hour): "24 hours", days(90*24*time.Hour - time.Second): "90 days",
		cut("abc", 3): "abc", cut("abcdé", 5): "ab… (4 bytes more)",
		commonName("O=x,CN=a b,OU=y"): "a b", commonName("O=x"): "O=x",
	} {
		if got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}
