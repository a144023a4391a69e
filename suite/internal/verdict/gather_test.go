package report

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The table below is the specification of verdicts. Every row judges the
// requirement X-01 of the chapter byo, MUST unless the row says otherwise.
func TestGatherJudges(t *testing.T) {
	t.Parallel()
	pass := func(id, row string) Outcome { return Outcome{ID: id, Case: row, Status: Passed} }
	fail := func(id, row, why string) Outcome { return Outcome{ID: id, Case: row, Status: Failed, Reason: why} }
	skip := func(id, row, why string) Outcome { return Outcome{ID: id, Case: row, Status: Skipped, Reason: why} }
	broke := func(id, row, why string) Outcome { return Outcome{ID: id, Case: row, Status: Error, Reason: why} }
	known := func(id, seen string) KnownFailure {
		k := KnownFailure{ID: id, Reason: "upstream bug", Until: "2027-06-30"}
		if seen != "" {
			k.Seen = regexp.MustCompile(seen)
		}
		return k
	}
	expired := func(id string) KnownFailure { k := known(id, ""); k.Expired = true; return k }

	tests := []struct {
		name     string
		req      Requirement   // ID, chapter, title are filled in
		others   []Requirement // further requirements, claimed
		outcomes []Outcome
		known    []KnownFailure
		input    func(*Input)
		status   Status
		reason   string // whole, if it does not end in "…"
		exit     int
		cases    string // "name:status …"
	}{
		// One outcome.
		{name: "passed", outcomes: []Outcome{pass("X-01", "")}, status: Passed},
		{name: "failed", outcomes: []Outcome{fail("X-01", "", "wrong")}, status: Failed, reason: "wrong", exit: 1},
		{name: "a message's first line is the reason", outcomes: []Outcome{fail("X-01", "", "served the decoy\nExpected\n  <int>: 1")}, status: Failed, reason: "served the decoy", exit: 1},
		{name: "a failure without message says so", outcomes: []Outcome{fail("X-01", "", " ")}, status: Failed, reason: "the spec gave no reason", exit: 1},
		{name: "skipped with its reason", outcomes: []Outcome{skip("X-01", "", "no openssl")}, status: Skipped, reason: "no openssl"},
		{name: "skipped always has a reason", outcomes: []Outcome{skip("X-01", "", "")}, status: Skipped, reason: "the spec gave no reason"},
		{name: "error of Assay", outcomes: []Outcome{broke("X-01", "", "no namespace")}, status: Error, reason: "no namespace", exit: 2},
		{name: "an outcome with a derived status is an error", outcomes: []Outcome{{ID: "X-01", Status: KnownFailed}}, status: Error, reason: `a spec reported the status "known-failure"`, exit: 2},

		// Levels.
		{name: "failed SHOULD does not fail the run", req: Requirement{Level: Should}, outcomes: []Outcome{fail("X-01", "", "wrong")}, status: Failed, reason: "wrong"},
		{name: "failed SHOULD fails a strict run", req: Requirement{Level: Should}, outcomes: []Outcome{fail("X-01", "", "wrong")}, input: func(in *Input) { in.Strict = true }, status: Failed, reason: "wrong", exit: 1},
		{name: "failed MAY does not fail a strict run", req: Requirement{Level: May}, outcomes: []Outcome{fail("X-01", "", "wrong")}, input: func(in *Input) { in.Strict = true }, status: Failed, reason: "wrong"},
		{name: "OBSERVE is recorded", req: Requirement{Level: Observe}, outcomes: []Outcome{pass("X-01", "")}, status: Observed},
		{name: "OBSERVE that fails is recorded", req: Requirement{Level: Observe}, outcomes: []Outcome{fail("X-01", "", "no h2")}, status: Observed, reason: "does not hold: no h2"},
		{name: "OBSERVE that errs is an error", req: Requirement{Level: Observe}, outcomes: []Outcome{broke("X-01", "", "no CA")}, status: Error, reason: "no CA", exit: 2},
		{name: "OBSERVE that is skipped is skipped", req: Requirement{Level: Observe}, outcomes: []Outcome{skip("X-01", "", "no openssl")}, status: Skipped, reason: "no openssl"},
		{name: "OBSERVE knows no known failures", req: Requirement{Level: Observe}, outcomes: []Outcome{pass("X-01", "")}, known: []KnownFailure{known("X-01", "")}, status: Observed},

		// The autocert range.
		{name: "inside the range: judged", req: Requirement{Autocert: Holds}, outcomes: []Outcome{fail("X-01", "", "wrong")}, status: Failed, reason: "wrong", exit: 1},
		{name: "version unknown: judged", req: Requirement{Autocert: Unknown}, outcomes: []Outcome{fail("X-01", "", "wrong")}, status: Failed, reason: "wrong", exit: 1},
		{name: "outside the range: observed", req: Requirement{Autocert: Outside, AutocertRange: ">= 0.58.0"}, outcomes: []Outcome{fail("X-01", "", "wrong")}, status: Observed, reason: `autocert v0.34.0 is outside the range ">= 0.58.0"; does not hold: wrong`},
		{name: "outside the range and holds: observed", req: Requirement{Autocert: Outside, AutocertRange: ">= 0.58.0"}, outcomes: []Outcome{pass("X-01", "")}, status: Observed, reason: `autocert v0.34.0 is outside the range ">= 0.58.0"`},

		// Tables: the worst case decides.
		{name: "one case failed", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "wrong")}, status: Failed, reason: "b: wrong", exit: 1, cases: "a:passed b:failed"},
		{name: "two cases failed", req: Requirement{Cases: []string{"a", "b", "c"}}, outcomes: []Outcome{fail("X-01", "a", "one"), fail("X-01", "b", "two"), pass("X-01", "c")}, status: Failed, reason: "a: one (2 of 3 cases failed)", exit: 1, cases: "a:failed b:failed c:passed"},
		{name: "error is worse than failed", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{fail("X-01", "a", "wrong"), broke("X-01", "b", "no CA")}, status: Error, reason: "b: no CA", exit: 2, cases: "a:failed b:error"},
		{name: "some cases skipped: passed, and visible", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), skip("X-01", "b", "no IPv6")}, status: Passed, reason: "1 of 2 cases skipped", cases: "a:passed b:skipped"},
		{name: "all cases skipped for one reason", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{skip("X-01", "a", "no IPv6"), skip("X-01", "b", "no IPv6")}, status: Skipped, reason: "no IPv6", cases: "a:skipped b:skipped"},
		{name: "a whole spec skipped stands for its cases", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{skip("X-01", "", "no IPv6")}, status: Skipped, reason: "no IPv6", cases: "a:skipped b:skipped"},
		{name: "a whole spec failed stands for the rest", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "", "never ready")}, status: Failed, reason: "b: never ready", exit: 1, cases: "a:passed b:failed"},
		{name: "a whole spec passed does not stand for a case", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), pass("X-01", "")}, status: Error, reason: "b: no result: …", exit: 2, cases: "a:passed b:error"},
		{name: "a case unknown to the catalogue", req: Requirement{Cases: []string{"a"}}, outcomes: []Outcome{pass("X-01", "a"), pass("X-01", "z")}, status: Error, reason: "z: a result for a case that the catalogue does not hold", exit: 2, cases: "a:passed z:error"},

		// Missing and doubled results.
		{name: "no result is an error, never a pass", status: Error, reason: "no result: its worker ended before it reported one", exit: 2},
		{name: "no result after an interruption", input: func(in *Input) { in.Interrupted = true }, status: Skipped, reason: "interrupted before it was finished", exit: 130},
		{name: "no result as the probe failed", input: func(in *Input) { in.Error = "probe: exit status 1\nlog…" }, status: Skipped, reason: "not run: probe: exit status 1", exit: 2},
		{name: "two results for one case", outcomes: []Outcome{pass("X-01", ""), pass("X-01", "")}, status: Error, reason: "2 results for one case: expected exactly one", exit: 2},
		{name: "interrupted counts before failed", outcomes: []Outcome{fail("X-01", "", "wrong")}, input: func(in *Input) { in.Interrupted = true }, status: Failed, reason: "wrong", exit: 130},

		// Claims and selection.
		{name: "chapter not claimed", req: Requirement{Profile: "renewal"}, input: unclaimed, others: []Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("Y-01", "")}, status: NotClaimed, reason: "the target does not claim renewal"},
		{name: "needed chapter not claimed", req: Requirement{Needs: []string{"autocert"}}, input: unclaimed, others: []Requirement{{ID: "Y-01", Profile: "autocert"}}, outcomes: []Outcome{pass("Y-01", "")}, status: NotClaimed, reason: "the target does not claim autocert"},
		{name: "not selected", others: []Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("Y-01", "")}, input: deselect("X-01", "--only 'Y-*'"), status: Skipped, reason: "not selected (--only 'Y-*')"},
		{name: "case not selected", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a")}, input: deselect("X-01/b", "--skip X-01/b"), status: Passed, reason: "1 of 2 cases skipped", cases: "a:passed b:skipped"},
		{name: "nothing selected is no success", input: deselect("X-01", "--only Z"), status: Skipped, reason: "not selected (--only Z)", exit: 2},

		// Needs.
		{name: "need passed", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "")}, status: Passed},
		{name: "need failed", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01", Level: May}}, outcomes: []Outcome{fail("X-01", "", "wrong"), fail("Y-01", "", "no HUP")}, status: Skipped, reason: "needs Y-01, which is not offered"},
		{name: "need failed, itself passed", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01", Level: May}}, outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "", "no HUP")}, status: Skipped, reason: "needs Y-01, which is not offered"},
		{name: "need failed, itself in error", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01", Level: May}}, outcomes: []Outcome{broke("X-01", "", "no CA"), fail("Y-01", "", "no HUP")}, status: Error, reason: "no CA", exit: 2},
		{name: "need is a known failure", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "", "no HUP")}, known: []KnownFailure{known("Y-01", "")}, status: Skipped, reason: "needs Y-01, which is a known failure"},
		{name: "need passed unexpectedly", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "")}, known: []KnownFailure{known("Y-01", "")}, status: Passed, exit: 1},
		{name: "need observed and held", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01", Level: Observe}}, outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "")}, status: Passed},
		{name: "need observed and did not hold", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01", Level: Observe}}, outcomes: []Outcome{fail("X-01", "", "wrong"), fail("Y-01", "", "no h2")}, status: Skipped, reason: "needs Y-01, which did not hold"},
		{name: "need of a need failed", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01", Needs: []string{"Y-02"}}, {ID: "Y-02", Level: May}}, outcomes: []Outcome{pass("X-01", ""), pass("Y-01", ""), fail("Y-02", "", "no")}, status: Skipped, reason: "needs Y-01, which was skipped"},
		{name: "needed case failed", req: Requirement{Needs: []string{"Y-01/a"}}, others: []Requirement{{ID: "Y-01", Level: May, Cases: []string{"a", "b"}}}, outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "a", "no"), pass("Y-01", "b")}, status: Skipped, reason: "needs Y-01/a, which is not offered"},
		{name: "another case than the needed one failed", req: Requirement{Needs: []string{"Y-01/b"}}, others: []Requirement{{ID: "Y-01", Level: May, Cases: []string{"a", "b"}}}, outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "a", "no"), pass("Y-01", "b")}, status: Passed},
		{name: "need passed, but for a skipped case", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01", Cases: []string{"a", "b"}}}, outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "a"), skip("Y-01", "b", "no IPv6")}, status: Passed},
		{name: "need left out: a pass counts", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("X-01", "")}, input: deselect("Y-01", "--only X-01"), status: Passed},
		{name: "need left out: a failure cannot be judged", req: Requirement{Needs: []string{"Y-01"}}, others: []Requirement{{ID: "Y-01"}}, outcomes: []Outcome{fail("X-01", "", "wrong")}, input: deselect("Y-01", "--only X-01"), status: Skipped, reason: "needs Y-01, which was not selected"},
		{name: "unknown need", req: Requirement{Needs: []string{"Q-99"}}, outcomes: []Outcome{pass("X-01", "")}, status: Error, reason: "needs Q-99, which the catalogue does not hold", exit: 2},
		{name: "need in a circle", req: Requirement{Needs: []string{"X-01"}}, outcomes: []Outcome{pass("X-01", "")}, status: Error, reason: "needs X-01, which needs it in turn", exit: 2},

		// Known failures.
		{name: "known failure", outcomes: []Outcome{fail("X-01", "", "unexpected EOF")}, known: []KnownFailure{known("X-01", "EOF")}, status: KnownFailed, reason: "unexpected EOF"},
		{name: "known failure without seen", outcomes: []Outcome{fail("X-01", "", "anything")}, known: []KnownFailure{known("X-01", "")}, status: KnownFailed, reason: "anything"},
		{name: "seen looks at the whole message", outcomes: []Outcome{fail("X-01", "", "first\nunexpected EOF")}, known: []KnownFailure{known("X-01", "EOF")}, status: KnownFailed, reason: "first"},
		{name: "fails with something else", outcomes: []Outcome{fail("X-01", "", "refused")}, known: []KnownFailure{known("X-01", "EOF")}, status: Failed, reason: `refused (not the known failure, which is seen as "EOF")`, exit: 1},
		{name: "SHOULD that fails with something else fails the run", req: Requirement{Level: Should}, outcomes: []Outcome{fail("X-01", "", "refused")}, known: []KnownFailure{known("X-01", "EOF")}, status: Failed, reason: `refused (not…`, exit: 1},
		{name: "one of two entries describes it", outcomes: []Outcome{fail("X-01", "", "refused")}, known: []KnownFailure{known("X-01", "EOF"), known("X-01", "refused")}, status: KnownFailed, reason: "refused"},
		{name: "passes although listed", outcomes: []Outcome{pass("X-01", "")}, known: []KnownFailure{known("X-01", "")}, status: UnexpectedPassed, reason: "passed, but is listed as a known failure (upstream bug): remove the entry", exit: 1},
		{name: "expired", outcomes: []Outcome{fail("X-01", "", "EOF")}, known: []KnownFailure{expired("X-01")}, status: Failed, reason: "EOF (the known failure expired on 2027-06-30)", exit: 1},
		{name: "expired MAY fails the run", req: Requirement{Level: May}, outcomes: []Outcome{fail("X-01", "", "EOF")}, known: []KnownFailure{expired("X-01")}, status: Failed, reason: "EOF (the known…", exit: 1},
		{name: "expired, but passes", outcomes: []Outcome{pass("X-01", "")}, known: []KnownFailure{expired("X-01")}, status: UnexpectedPassed, reason: "passed, but…", exit: 1},
		{name: "listed, but errs", outcomes: []Outcome{broke("X-01", "", "no CA")}, known: []KnownFailure{known("X-01", "")}, status: Error, reason: "no CA", exit: 2},
		{name: "listed, but skipped", outcomes: []Outcome{skip("X-01", "", "no IPv6")}, known: []KnownFailure{known("X-01", "")}, status: Skipped, reason: "no IPv6"},
		{name: "an entry for a case", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")}, known: []KnownFailure{known("X-01/b", "")}, status: KnownFailed, reason: "b: EOF", cases: "a:passed b:known-failure"},
		{name: "an entry for another case", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")}, known: []KnownFailure{known("X-01/a", "")}, status: Failed, reason: "b: EOF", exit: 1, cases: "a:unexpected-pass b:failed"},
		{name: "a case of a SHOULD passes although listed", req: Requirement{Level: Should, Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")}, known: []KnownFailure{known("X-01/a", "")}, status: Failed, reason: "b: EOF", exit: 1, cases: "a:unexpected-pass b:failed"},
		{name: "an entry for all cases, some fail", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")}, known: []KnownFailure{known("X-01", "EOF")}, status: KnownFailed, reason: "b: EOF", cases: "a:passed b:known-failure"},
		{name: "an entry for all cases, one fails otherwise", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{fail("X-01", "a", "refused"), fail("X-01", "b", "EOF")}, known: []KnownFailure{known("X-01", "EOF")}, status: Failed, reason: "a: refused (not…", exit: 1, cases: "a:failed b:known-failure"},
		{name: "an entry for all cases, none fails", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), pass("X-01", "b")}, known: []KnownFailure{known("X-01", "")}, status: UnexpectedPassed, reason: "passed, but…", exit: 1, cases: "a:passed b:passed"},
		{name: "an entry for all cases, the failing one skipped", req: Requirement{Cases: []string{"a", "b"}}, outcomes: []Outcome{pass("X-01", "a"), skip("X-01", "b", "no IPv6")}, known: []KnownFailure{known("X-01", "")}, status: Passed, reason: "1 of 2 cases skipped", cases: "a:passed b:skipped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := Input{Target: Target{Name: "t", Autocert: "v0.34.0", Profiles: []string{"byo"}}, Outcomes: tt.outcomes, Known: tt.known}
			tt.req.ID = "X-01"
			for _, r := range append([]Requirement{tt.req}, tt.others...) {
				r.Title, r.Claimed = "a promise", true
				if r.Profile == "" {
					r.Profile = "byo"
				}
				if r.Level == "" {
					r.Level = Must
				}
				in.Requirements = append(in.Requirements, r)
			}
			if tt.input != nil {
				tt.input(&in)
			}
			r := Gather(in)
			x := r.Results[0]
			if x.Status != tt.status {
				t.Errorf("status %s, expected %s (reason %q)", x.Status, tt.status, x.Reason)
			}
			if part, ok := strings.CutSuffix(tt.reason, "…"); ok && !strings.HasPrefix(x.Reason, part) || !ok && x.Reason != tt.reason {
				t.Errorf("reason %q, expected %q", x.Reason, tt.reason)
			}
			if r.Exit != tt.exit {
				t.Errorf("exit %d, expected %d (error %q)", r.Exit, tt.exit, r.Error)
			}
			var rows []string
			for _, c := range x.Cases {
				rows = append(rows, c.Case+":"+string(c.Status))
			}
			if got := strings.Join(rows, " "); got != tt.cases {
				t.Errorf("cases %q, expected %q", got, tt.cases)
			}
		})
	}
}

func unclaimed(in *Input) { in.Requirements[0].Claimed = false }

func deselect(id, why string) func(*Input) {
	return func(in *Input) { in.Deselected = map[string]string{id: why} }
}

func TestGatherKeepsCatalogueOrderAndCounts(t *testing.T) {
	t.Parallel()
	r := Gather(Input{
		Started: time.Date(2026, 1, 2, 4, 4, 5, 678, time.FixedZone("", 3600)), Duration: 6120 * time.Millisecond,
		Requirements: []Requirement{
			{ID: "B-02", Level: Must, Profile: "byo", Claimed: true, Cases: []string{"a", "b", "c"}},
			{ID: "A-01", Level: Must, Profile: "acme"},
			{ID: "B-01", Level: Observe, Profile: "byo", Claimed: true},
		},
		Outcomes: []Outcome{
			{ID: "B-01", Status: Passed},
			{ID: "B-02", Case: "b", Status: Skipped, Reason: "no IPv6"},
			{ID: "B-02", Case: "a", Status: Passed, UsedCA: true},
			{ID: "B-02", Case: "c", Status: Passed},
		},
	})
	var ids []string
	for _, x := range r.Results {
		ids = append(ids, x.ID)
	}
	if diff := cmp.Diff([]string{"B-02", "A-01", "B-01"}, ids); diff != "" {
		t.Error(diff)
	}
	want := Summary{Must: Counts{Passed: 1, NotClaimed: 1}, Should: Counts{}, May: Counts{}, Observe: Counts{Observed: 1}}
	if diff := cmp.Diff(want, r.Summary); diff != "" {
		t.Error(diff)
	}
	if !r.Results[0].UsedCA || r.Results[2].UsedCA {
		t.Error("a CA in one case is one in its requirement, and in no other")
	}
	if r.SkippedCases != 1 {
		t.Errorf("%d skipped cases, expected 1", r.SkippedCases)
	}
	if got := r.Started.Format(time.RFC3339Nano); got != "2026-01-02T03:04:05Z" {
		t.Errorf("started %s", got)
	}
}

func TestGatherRefusesResultsFromNowhere(t *testing.T) {
	t.Parallel()
	r := Gather(Input{
		Requirements: []Requirement{{ID: "X-01", Level: Must, Profile: "byo", Claimed: true}},
		Outcomes:     []Outcome{{ID: "X-01", Status: Passed}, {ID: "Q-99", Status: Passed}},
	})
	if want := "results for IDs that the catalogue does not hold: Q-99"; r.Error != want || r.Exit != 2 {
		t.Errorf("error %q, exit %d; expected %q, 2", r.Error, r.Exit, want)
	}
}

// A failed assertion is compared where it is not judged, and only there.
func TestGatherRecordsFailedAssertions(t *testing.T) {
	t.Parallel()
	gather := func(l Level) []Observation {
		return Gather(Input{
			Requirements: []Requirement{{ID: "X-01", Level: l, Profile: "byo", Claimed: true}},
			Outcomes: []Outcome{{
				ID: "X-01", Status: Failed, Reason: "got 127.0.0.10:443",
				Roles:        map[string]string{"127.0.0.10": "<host>", "443": "<https>"},
				Observations: []Observation{{Kind: "count", Name: "orders", Value: 3}},
			}},
		}).Results[0].Observations
	}
	own := Observation{Kind: "count", Name: "orders", Value: float64(3)}
	if diff := cmp.Diff([]Observation{own}, gather(Must)); diff != "" {
		t.Error(diff)
	}
	recorded := Observation{Kind: "error", Name: "assertion", Value: "got <host>:<https>"}
	if diff := cmp.Diff([]Observation{own, recorded}, gather(Observe)); diff != "" {
		t.Error(diff)
	}
}

func TestGatherPlacesEvidence(t *testing.T) {
	t.Parallel()
	in := Input{
		Requirements: []Requirement{
			{ID: "X-01", Level: Must, Profile: "byo", Claimed: true, Cases: []string{"a", "b c"}, Needs: []string{"Y-01"}},
			{ID: "Y-01", Level: Must, Profile: "byo", Claimed: true},
		},
		Outcomes: []Outcome{
			{ID: "X-01", Case: "a", Status: Passed, Evidence: &Evidence{Log: []string{"one"}}},
			{ID: "X-01", Case: "b c", Status: Failed, Reason: "wrong", Evidence: &Evidence{Log: []string{"key s3cr3t-value"}}, Files: map[string]string{"chain.pem": "s3cr3t-value"}, Secrets: []string{"s3cr3t-value"}},
			{ID: "Y-01", Status: Passed},
		},
		Repeat: func(ids ...string) string { return "assay run --only " + strings.Join(ids, ",") },
	}
	r := Gather(in)
	want := &Evidence{
		Dir: "evidence/X-01/b_c", Log: []string{"key [redacted]"}, Files: map[string]string{"chain.pem": "[redacted]"},
		Repeat: "assay run --only X-01,Y-01",
	}
	if diff := cmp.Diff(want, r.Results[0].Evidence); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&Evidence{Dir: "evidence/X-01/a", Log: []string{"one"}}, r.Results[0].Cases[0].Evidence); diff != "" {
		t.Error(diff)
	}
	if in.Outcomes[1].Evidence.Log[0] != "key s3cr3t-value" || in.Outcomes[1].Evidence.Dir != "" {
		t.Error("Gather changed what it was given")
	}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                     "",
		"one line":                             "one line",
		"\n  first  line \nsecond":             "first line",
		"Expected\n    <int>: 1\nto equal\n 2": "Expected <int>: 1 to equal 2",
		"Timed out after 1.000s.\nno listener on 443\nExpected\n x": "no listener on 443",
		"Timed out after 1.000s.\nExpected\n    <bool>: false":      "Expected <bool>: false",
		strings.Repeat("é", 300):                                    strings.Repeat("é", 199) + "…",
		"expected  one order\nseen      2":                          "expected one order; seen 2",
		"after a restart\nexpected  one order\nseen      2\n  more": "after a restart; seen 2",
		"expected " + strings.Repeat("é", 150) + "\nseen none":      "expected " + strings.Repeat("é", 100) + "…; seen none",
	} {
		if got := headline(in); got != want {
			t.Errorf("headline(%q) = %q, expected %q", in, got, want)
		}
	}
}
