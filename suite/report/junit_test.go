package report

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
)

// element is any XML element.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// all returns the elements of a name at any depth.
func (e element) all(name string) []element {
	var out []element
	if e.XMLName.Local == name {
		out = append(out, e)
	}
	for _, c := range e.Children {
		out = append(out, c.all(name)...)
	}
	return out
}

func parseJUnit(t *testing.T, r *Report) element {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var e element
	if err := xml.Unmarshal(b.Bytes(), &e); err != nil {
		t.Fatalf("%v in\n%s", err, b.Bytes())
	}
	return e
}

func TestJUnitStatuses(t *testing.T) {
	t.Parallel()
	excuse := &Excuse{Reason: "upstream bug"}
	tests := []struct {
		name          string
		r             Result
		kind, message string // of the element in the test case; "" for none
	}{
		{"passed", Result{Status: Passed, Level: scenarios.Must}, "", ""},
		{"observed", Result{Status: Observed, Level: scenarios.Observe}, "", ""},
		{
			"failed MUST", Result{Status: Failed, Level: scenarios.Must, Reason: "wrong"},
			"failure", "wrong",
		},
		{
			"failed SHOULD", Result{Status: Failed, Level: scenarios.Should, Reason: "wrong"},
			"failure", "wrong",
		},
		{
			"failed MAY is not offered",
			Result{Status: Failed, Level: scenarios.May, Reason: "wrong"}, "skipped",
			"not offered: wrong",
		},
		{
			"failed MAY with a void excuse",
			Result{
				Status: Failed, Level: scenarios.May, Reason: "wrong",
				KnownFailure: &Excuse{Void: "expired"},
			},
			"failure", "wrong",
		},
		{
			"unexpected pass",
			Result{Status: UnexpectedPassed, Level: scenarios.Must, Reason: "remove the entry"},
			"failure", "remove the entry",
		},
		{"error", Result{Status: Error, Level: scenarios.Must, Reason: "no CA"}, "error", "no CA"},
		{
			"skipped", Result{Status: Skipped, Level: scenarios.Must, Reason: "no openssl"},
			"skipped", "no openssl",
		},
		{
			"not claimed",
			Result{
				Status: NotClaimed, Level: scenarios.Must, Reason: "the target does not claim acme",
			},
			"skipped", "not claimed: the target does not claim acme",
		},
		{
			"known failure",
			Result{Status: KnownFailed, Level: scenarios.Must, Reason: "EOF", KnownFailure: excuse},
			"skipped", "known failure: upstream bug [EOF]",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.r.ID, tt.r.Title, tt.r.Profile = "X-01", "a promise", "byo"
			cases := parseJUnit(t, &Report{Results: []Result{tt.r}}).all("testcase")
			if len(cases) != 1 {
				t.Fatalf("%d test cases, expected 1", len(cases))
			}
			var kinds, messages []string
			for _, c := range cases[0].Children {
				if c.XMLName.Local != "system-out" {
					kinds, messages = append(kinds, c.XMLName.Local), append(messages, c.attr("message"))
				}
			}
			if got := strings.Join(kinds, " "); got != tt.kind {
				t.Errorf("elements %q, expected %q", got, tt.kind)
			}
			if got := strings.Join(messages, " "); got != tt.message {
				t.Errorf("message %q, expected %q", got, tt.message)
			}
		})
	}
}

// TestJUnitCountsAgree checks that the counts of a suite, and of all suites, are
// those of their elements.
func TestJUnitCountsAgree(t *testing.T) {
	t.Parallel()
	probe := &Report{Schema: 1, Error: "probe: exit status 1"}
	for name, r := range map[string]*Report{"sample": sample(t), "empty": {}, "probe": probe} {
		root := parseJUnit(t, r)
		for _, e := range append(root.all("testsuite"), root) {
			want := map[string]int{
				"tests": len(e.all("testcase")), "failures": len(e.all("failure")),
				"errors": len(e.all("error")), "skipped": len(e.all("skipped")),
			}
			got := map[string]int{}
			for k := range want {
				n, err := strconv.Atoi(e.attr(k))
				if err != nil {
					t.Errorf("%s: %s: %v", name, e.attr("name"), err)
				}
				got[k] = n
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s: %s", name, e.attr("name"), diff)
			}
		}
	}
	root := parseJUnit(t, sample(t))
	if n := len(root.all("testcase")); n != len(sample(t).Results) {
		t.Errorf("%d test cases, expected one for each of the %d requirements", n, len(sample(t).Results))
	}
	for _, kind := range []string{"failure", "error", "skipped"} {
		if len(root.all(kind)) == 0 {
			t.Errorf("no %s: the sample has to have every kind", kind)
		}
	}
	if n := len(parseJUnit(t, probe).all("error")); n != 1 {
		t.Errorf("%d errors for a failed probe, expected 1: it must not look like success", n)
	}
}

func TestJUnitEscapesControlCharacters(t *testing.T) {
	t.Parallel()
	r := &Report{Results: []Result{{
		ID: "X-01", Title: "a\x00b", Level: scenarios.Must, Profile: "byo", Status: Failed,
		Reason: "\x1b[31m<&\"'>\x7f", Detail: "line\r\nbell\a\xff\ufffe]]>\u202eend",
	}}}
	c := parseJUnit(t, r).all("testcase")[0]
	f := c.all("failure")[0]
	for got, want := range map[string]string{
		c.attr("name"):    `X-01 a\x00b`,
		f.attr("message"): `\x1b[31m<&"'>\x7f`,
		f.Text:            "\\x1b[31m<&\"'>\\x7f\nline\nbell\\x07\\xff\\ufffe]]>\\u202eend",
	} {
		if got != want {
			t.Errorf("got %q, expected %q", got, want)
		}
	}
}
