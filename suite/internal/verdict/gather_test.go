package verdict

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

// TestGatherJudges holds the rules of the verdict. Every row judges the requirement
// X-01 of the chapter byo, a MUST unless the row says otherwise.
func TestGatherJudges(t *testing.T) {
	t.Parallel()
	pass := func(id, row string) Outcome {
		return Outcome{ID: id, Case: row, Status: report.Passed}
	}
	fail := func(id, row, why string) Outcome {
		return Outcome{ID: id, Case: row, Status: report.Failed, Reason: why}
	}
	skip := func(id, row, why string) Outcome {
		return Outcome{ID: id, Case: row, Status: report.Skipped, Reason: why}
	}
	broke := func(id, row, why string) Outcome {
		return Outcome{ID: id, Case: row, Status: report.Error, Reason: why}
	}
	known := func(id, seen string) sut.KnownFailure {
		k := sut.KnownFailure{
			ID: id, Reason: "upstream bug",
			Until: sut.Date{Time: time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)},
		}
		if seen != "" {
			k.Seen = regexp.MustCompile(seen)
		}
		return k
	}
	strict := func(in *Input) { in.Run.Strict = true }
	expired := func(in *Input) { in.Run.Started = time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC) }

	tests := []struct {
		name     string
		req      scenarios.Requirement   // ID, chapter, title are filled in
		others   []scenarios.Requirement // further requirements, claimed
		outcomes []Outcome
		known    []sut.KnownFailure
		input    func(*Input)
		status   report.Status
		reason   string // whole, if it does not end in "…"
		exit     int
		cases    string // "name:status …"
	}{
		// One outcome.
		{name: "passed", outcomes: []Outcome{pass("X-01", "")}, status: report.Passed},
		{
			name: "failed", outcomes: []Outcome{fail("X-01", "", "wrong")}, status: report.Failed,
			reason: "wrong", exit: 1,
		},
		{
			name:     "a message's first line is the reason",
			outcomes: []Outcome{fail("X-01", "", "served the decoy\nExpected\n  <int>: 1")},
			status:   report.Failed, reason: "served the decoy", exit: 1,
		},
		{
			name: "a failure without message says so", outcomes: []Outcome{fail("X-01", "", "")},
			status: report.Failed, reason: "the spec gave no reason", exit: 1,
		},
		{
			name: "skipped with its reason", outcomes: []Outcome{skip("X-01", "", "no openssl")},
			status: report.Skipped, reason: "no openssl",
		},
		{
			name: "skipped always has a reason", outcomes: []Outcome{skip("X-01", "", "")},
			status: report.Skipped, reason: "the spec gave no reason",
		},
		{
			name: "error of Assay", outcomes: []Outcome{broke("X-01", "", "no namespace")},
			status: report.Error, reason: "no namespace", exit: 2,
		},
		{
			name:     "an outcome with a derived status is an error",
			outcomes: []Outcome{{ID: "X-01", Status: report.KnownFailed}}, status: report.Error,
			reason: `a spec reported the status "known-failure"`, exit: 2,
		},

		// Levels.
		{
			name:     "failed SHOULD does not fail the run",
			req:      scenarios.Requirement{Level: scenarios.Should},
			outcomes: []Outcome{fail("X-01", "", "wrong")}, status: report.Failed, reason: "wrong",
		},
		{
			name:     "failed SHOULD fails a strict run",
			req:      scenarios.Requirement{Level: scenarios.Should},
			outcomes: []Outcome{fail("X-01", "", "wrong")},
			input:    strict,
			status:   report.Failed, reason: "wrong",
			exit: 1,
		},
		{
			name:     "failed MAY does not fail a strict run",
			req:      scenarios.Requirement{Level: scenarios.May},
			outcomes: []Outcome{fail("X-01", "", "wrong")},
			input:    strict,
			status:   report.Failed, reason: "wrong",
		},
		{
			name: "OBSERVE is recorded", req: scenarios.Requirement{Level: scenarios.Observe},
			outcomes: []Outcome{pass("X-01", "")}, status: report.Observed,
		},
		{
			name:     "OBSERVE that fails is recorded",
			req:      scenarios.Requirement{Level: scenarios.Observe},
			outcomes: []Outcome{fail("X-01", "", "no h2")}, status: report.Observed,
			reason: "does not hold: no h2",
		},
		{
			name:     "OBSERVE that errs is an error",
			req:      scenarios.Requirement{Level: scenarios.Observe},
			outcomes: []Outcome{broke("X-01", "", "no CA")}, status: report.Error, reason: "no CA",
			exit: 2,
		},
		{
			name:     "OBSERVE that is skipped is skipped",
			req:      scenarios.Requirement{Level: scenarios.Observe},
			outcomes: []Outcome{skip("X-01", "", "no openssl")}, status: report.Skipped,
			reason: "no openssl",
		},
		{
			name:     "OBSERVE knows no known failures",
			req:      scenarios.Requirement{Level: scenarios.Observe},
			outcomes: []Outcome{pass("X-01", "")}, known: []sut.KnownFailure{known("X-01", "")},
			status: report.Observed,
		},

		// The autocert range.
		{
			name:     "inside the range: judged",
			req:      scenarios.Requirement{Autocert: versions(">= 0.30.0")},
			outcomes: []Outcome{fail("X-01", "", "wrong")}, status: report.Failed, reason: "wrong",
			exit: 1,
		},
		{
			name:     "version unknown: judged",
			req:      scenarios.Requirement{Autocert: versions(">= 0.58.0")},
			input:    func(in *Input) { in.Run.Target.Autocert = "" },
			outcomes: []Outcome{fail("X-01", "", "wrong")}, status: report.Failed, reason: "wrong",
			exit: 1,
		},
		{
			name:     "outside the range: observed",
			req:      scenarios.Requirement{Autocert: versions(">= 0.58.0")},
			outcomes: []Outcome{fail("X-01", "", "wrong")}, status: report.Observed,
			reason: `autocert v0.34.0 is outside the range ">= 0.58.0"; does not hold: wrong`,
		},
		{
			name:     "outside the range and holds: observed",
			req:      scenarios.Requirement{Autocert: versions(">= 0.58.0")},
			outcomes: []Outcome{pass("X-01", "")}, status: report.Observed,
			reason: `autocert v0.34.0 is outside the range ">= 0.58.0"`,
		},

		// Tables: the worst case decides.
		{
			name: "one case failed", req: scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "wrong")},
			status:   report.Failed, reason: "b: wrong", exit: 1, cases: "a:passed b:failed",
		},
		{
			name: "two cases failed", req: scenarios.Requirement{Cases: rows("a", "b", "c")},
			outcomes: []Outcome{fail("X-01", "a", "one"), fail("X-01", "b", "two"), pass("X-01", "c")},
			status:   report.Failed, reason: "a: one (2 of 3 cases failed)", exit: 1,
			cases: "a:failed b:failed c:passed",
		},
		{
			name: "error is worse than failed", req: scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{fail("X-01", "a", "wrong"), broke("X-01", "b", "no CA")},
			status:   report.Error, reason: "b: no CA", exit: 2, cases: "a:failed b:error",
		},
		{
			name:     "some cases skipped: passed, and visible",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), skip("X-01", "b", "no IPv6")},
			status:   report.Passed, reason: "1 of 2 cases skipped", cases: "a:passed b:skipped",
		},
		{
			name:     "all cases skipped for one reason",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{skip("X-01", "a", "no IPv6"), skip("X-01", "b", "no IPv6")},
			status:   report.Skipped, reason: "no IPv6", cases: "a:skipped b:skipped",
		},
		{
			name:     "a whole spec skipped stands for its cases",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{skip("X-01", "", "no IPv6")}, status: report.Skipped,
			reason: "no IPv6", cases: "a:skipped b:skipped",
		},
		{
			name:     "a whole spec failed stands for the rest",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "", "never ready")},
			status:   report.Failed, reason: "b: never ready", exit: 1, cases: "a:passed b:failed",
		},
		{
			name:     "a whole spec passed does not stand for a case",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), pass("X-01", "")}, status: report.Error,
			reason: "b: no result: …", exit: 2, cases: "a:passed b:error",
		},
		{
			name: "a case unknown to the catalogue", req: scenarios.Requirement{Cases: rows("a")},
			outcomes: []Outcome{pass("X-01", "a"), pass("X-01", "z")}, status: report.Error,
			reason: "z: a result for a case that is not in the catalogue", exit: 2,
			cases: "a:passed z:error",
		},

		// Missing and doubled results.
		{
			name: "no result is an error, never a pass", status: report.Error,
			reason: "no result: its worker ended before it reported one", exit: 2,
		},
		{
			name:  "no result after an interruption",
			input: func(in *Input) { in.Run.Interrupted = true }, status: report.Skipped,
			reason: "interrupted before it was finished", exit: 130,
		},
		{
			name:   "no result as the probe failed",
			input:  func(in *Input) { in.Run.Error = "probe: exit status 1\nlog…" },
			status: report.Skipped, reason: "not run: probe: exit status 1", exit: 2,
		},
		{
			name:     "two results for one case",
			outcomes: []Outcome{pass("X-01", ""), pass("X-01", "")}, status: report.Error,
			reason: "2 results for one case: expected exactly one", exit: 2,
		},
		{
			name:     "interrupted counts before failed",
			outcomes: []Outcome{fail("X-01", "", "wrong")},
			input:    func(in *Input) { in.Run.Interrupted = true }, status: report.Failed,
			reason: "wrong", exit: 130,
		},

		// Claims and selection.
		{
			name: "chapter not claimed", req: scenarios.Requirement{Chapter: "renewal"},
			others: []scenarios.Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("Y-01", "")},
			status: report.NotClaimed, reason: "the target does not claim renewal",
		},
		{
			name:   "needed chapter not claimed",
			req:    scenarios.Requirement{Needs: []scenarios.Need{{Chapter: "autocert"}}},
			others: []scenarios.Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("Y-01", "")},
			status: report.NotClaimed, reason: "the target does not claim autocert",
		},
		{
			name: "not selected", others: []scenarios.Requirement{{ID: "Y-01"}},
			outcomes: []Outcome{pass("Y-01", "")}, input: deselect("X-01", "--only 'Y-*'"),
			status: report.Skipped, reason: "not selected (--only 'Y-*')",
		},
		{
			name: "case not selected", req: scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a")}, input: deselect("X-01/b", "--skip X-01/b"),
			status: report.Passed, reason: "1 of 2 cases not selected", cases: "a:passed b:skipped",
		},
		{
			name: "nothing selected is no success", input: deselect("X-01", "--only Z"),
			status: report.Skipped, reason: "not selected (--only Z)", exit: 2,
		},

		// Needs.
		{
			name: "need passed", req: scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01"}},
			outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "")}, status: report.Passed,
		},
		{
			name: "need failed", req: scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Level: scenarios.May}},
			outcomes: []Outcome{fail("X-01", "", "wrong"), fail("Y-01", "", "no HUP")},
			status:   report.Skipped, reason: "needs Y-01, which is not offered",
		},
		{
			name:     "need failed, itself passed",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Level: scenarios.May}},
			outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "", "no HUP")},
			status:   report.Skipped, reason: "needs Y-01, which is not offered",
		},
		{
			name:     "need failed, itself in error",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Level: scenarios.May}},
			outcomes: []Outcome{broke("X-01", "", "no CA"), fail("Y-01", "", "no HUP")},
			status:   report.Error, reason: "no CA", exit: 2,
		},
		{
			name:     "need is a known failure",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01"}},
			outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "", "no HUP")},
			known:    []sut.KnownFailure{known("Y-01", "")}, status: report.Skipped,
			reason: "needs Y-01, which is a known failure",
		},
		{
			name:     "need passed unexpectedly",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01"}},
			outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "")},
			known:    []sut.KnownFailure{known("Y-01", "")}, status: report.Passed, exit: 1,
		},
		{
			name:     "need observed and held",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Level: scenarios.Observe}},
			outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "")}, status: report.Passed,
		},
		{
			name:     "need observed and did not hold",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Level: scenarios.Observe}},
			outcomes: []Outcome{fail("X-01", "", "wrong"), fail("Y-01", "", "no h2")},
			status:   report.Skipped, reason: "needs Y-01, which did not hold",
		},
		{
			name: "need of a need failed",
			req:  scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others: []scenarios.Requirement{
				{ID: "Y-01", Needs: []scenarios.Need{{ID: "Y-02"}}},
				{ID: "Y-02", Level: scenarios.May},
			},
			outcomes: []Outcome{pass("X-01", ""), pass("Y-01", ""), fail("Y-02", "", "no")},
			status:   report.Skipped, reason: "needs Y-01, which was skipped",
		},
		{
			name:     "needed case failed",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01/a"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Level: scenarios.May, Cases: rows("a", "b")}},
			outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "a", "no"), pass("Y-01", "b")},
			status:   report.Skipped, reason: "needs Y-01/a, which is not offered",
		},
		{
			name:     "another case than the needed one failed",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01/b"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Level: scenarios.May, Cases: rows("a", "b")}},
			outcomes: []Outcome{pass("X-01", ""), fail("Y-01", "a", "no"), pass("Y-01", "b")},
			status:   report.Passed,
		},
		{
			name:     "need passed, but for a skipped case",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01", Cases: rows("a", "b")}},
			outcomes: []Outcome{pass("X-01", ""), pass("Y-01", "a"), skip("Y-01", "b", "no IPv6")},
			status:   report.Passed,
		},
		{
			name:   "need left out: a pass counts",
			req:    scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others: []scenarios.Requirement{{ID: "Y-01"}}, outcomes: []Outcome{pass("X-01", "")},
			input: deselect("Y-01", "--only X-01"), status: report.Passed,
		},
		{
			name:     "need left out: a failure cannot be judged",
			req:      scenarios.Requirement{Needs: []scenarios.Need{{ID: "Y-01"}}},
			others:   []scenarios.Requirement{{ID: "Y-01"}},
			outcomes: []Outcome{fail("X-01", "", "wrong")}, input: deselect("Y-01", "--only X-01"),
			status: report.Skipped, reason: "needs Y-01, which was not selected",
		},

		// Known failures.
		{
			name: "known failure of other versions", outcomes: []Outcome{fail("X-01", "", "EOF")},
			known:  []sut.KnownFailure{{ID: "X-01", Reason: "upstream bug", Version: versions("< 0.29.3")}},
			input:  func(in *Input) { in.Run.Target.Version = "headscale v0.29.3" },
			status: report.Failed, reason: "EOF", exit: 1,
		},
		{
			name: "known failure of this version", outcomes: []Outcome{fail("X-01", "", "EOF")},
			known:  []sut.KnownFailure{{ID: "X-01", Reason: "upstream bug", Version: versions("< 0.29.3")}},
			input:  func(in *Input) { in.Run.Target.Version = "headscale v0.29.2" },
			status: report.KnownFailed, reason: "EOF",
		},
		{
			name: "known failure of an unknown version", outcomes: []Outcome{fail("X-01", "", "EOF")},
			known:  []sut.KnownFailure{{ID: "X-01", Reason: "upstream bug", Version: versions("< 0.29.3")}},
			input:  func(in *Input) { in.Run.Target.Version = "dev" },
			status: report.KnownFailed, reason: "EOF",
		},
		{
			name: "an unknown version may have mended it", outcomes: []Outcome{pass("X-01", "")},
			known:  []sut.KnownFailure{{ID: "X-01", Reason: "upstream bug", Version: versions("< 0.29.3")}},
			input:  func(in *Input) { in.Run.Target.Version = "dev" },
			status: report.Passed,
		},
		{
			name: "known failure", outcomes: []Outcome{fail("X-01", "", "unexpected EOF")},
			known: []sut.KnownFailure{known("X-01", "EOF")}, status: report.KnownFailed,
			reason: "unexpected EOF",
		},
		{
			name: "known failure without seen", outcomes: []Outcome{fail("X-01", "", "anything")},
			known: []sut.KnownFailure{known("X-01", "")}, status: report.KnownFailed,
			reason: "anything",
		},
		{
			name:     "seen looks at the whole message",
			outcomes: []Outcome{fail("X-01", "", "first\nunexpected EOF")},
			known:    []sut.KnownFailure{known("X-01", "EOF")}, status: report.KnownFailed,
			reason: "first",
		},
		{
			name: "fails with something else", outcomes: []Outcome{fail("X-01", "", "refused")},
			known: []sut.KnownFailure{known("X-01", "EOF")}, status: report.Failed,
			reason: `refused (not the known failure, which is seen as "EOF")`, exit: 1,
		},
		{
			name:     "SHOULD that fails with something else fails the run",
			req:      scenarios.Requirement{Level: scenarios.Should},
			outcomes: []Outcome{fail("X-01", "", "refused")},
			known:    []sut.KnownFailure{known("X-01", "EOF")}, status: report.Failed,
			reason: `refused (not…`, exit: 1,
		},
		{
			name:     "one of two entries describes it",
			outcomes: []Outcome{fail("X-01", "", "refused")},
			known:    []sut.KnownFailure{known("X-01", "EOF"), known("X-01", "refused")},
			status:   report.KnownFailed, reason: "refused",
		},
		{
			name: "passes although listed", outcomes: []Outcome{pass("X-01", "")},
			known: []sut.KnownFailure{known("X-01", "")}, status: report.UnexpectedPassed,
			reason: "passed, but is listed as a known failure (upstream bug): remove the entry",
			exit:   1,
		},
		{
			name: "expired", outcomes: []Outcome{fail("X-01", "", "EOF")},
			known: []sut.KnownFailure{known("X-01", "")}, input: expired, status: report.Failed,
			reason: "EOF (the known failure expired on 2027-06-30)", exit: 1,
		},
		{
			name: "expired MAY fails the run", req: scenarios.Requirement{Level: scenarios.May},
			outcomes: []Outcome{fail("X-01", "", "EOF")},
			known:    []sut.KnownFailure{known("X-01", "")}, input: expired, status: report.Failed,
			reason: "EOF (the known…", exit: 1,
		},
		{
			name: "expired, but passes", outcomes: []Outcome{pass("X-01", "")},
			known: []sut.KnownFailure{known("X-01", "")}, input: expired,
			status: report.UnexpectedPassed, reason: "passed, but…", exit: 1,
		},
		{
			name: "listed, but errs", outcomes: []Outcome{broke("X-01", "", "no CA")},
			known: []sut.KnownFailure{known("X-01", "")}, status: report.Error, reason: "no CA",
			exit: 2,
		},
		{
			name: "listed, but skipped", outcomes: []Outcome{skip("X-01", "", "no IPv6")},
			known: []sut.KnownFailure{known("X-01", "")}, status: report.Skipped, reason: "no IPv6",
		},
		{
			name: "an entry for a case", req: scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")},
			known:    []sut.KnownFailure{known("X-01/b", "")}, status: report.KnownFailed,
			reason: "b: EOF", cases: "a:passed b:known-failure",
		},
		{
			name: "an entry for another case", req: scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")},
			known:    []sut.KnownFailure{known("X-01/a", "")},
			status:   report.Failed, reason: "b: EOF",
			exit: 1, cases: "a:unexpected-pass b:failed",
		},
		{
			name:     "a case of a SHOULD passes although listed",
			req:      scenarios.Requirement{Level: scenarios.Should, Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")},
			known:    []sut.KnownFailure{known("X-01/a", "")},
			status:   report.Failed, reason: "b: EOF",
			exit: 1, cases: "a:unexpected-pass b:failed",
		},
		{
			name:     "an entry for all cases, some fail",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), fail("X-01", "b", "EOF")},
			known:    []sut.KnownFailure{known("X-01", "EOF")}, status: report.KnownFailed,
			reason: "b: EOF", cases: "a:passed b:known-failure",
		},
		{
			name:     "an entry for all cases, one fails otherwise",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{fail("X-01", "a", "refused"), fail("X-01", "b", "EOF")},
			known:    []sut.KnownFailure{known("X-01", "EOF")}, status: report.Failed,
			reason: "a: refused (not…", exit: 1, cases: "a:failed b:known-failure",
		},
		{
			name:     "an entry for all cases, none fails",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), pass("X-01", "b")},
			known:    []sut.KnownFailure{known("X-01", "")}, status: report.UnexpectedPassed,
			reason: "passed, but…", exit: 1, cases: "a:passed b:passed",
		},
		{
			name:     "an entry for all cases, the failing one skipped",
			req:      scenarios.Requirement{Cases: rows("a", "b")},
			outcomes: []Outcome{pass("X-01", "a"), skip("X-01", "b", "no IPv6")},
			known:    []sut.KnownFailure{known("X-01", "")}, status: report.Passed,
			reason: "1 of 2 cases skipped", cases: "a:passed b:skipped",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := Input{Outcomes: tt.outcomes, Known: tt.known}
			in.Run.Target = report.Target{Name: "t", Autocert: "v0.34.0", Profiles: []string{"byo"}}
			tt.req.ID = "X-01"
			for _, r := range append([]scenarios.Requirement{tt.req}, tt.others...) {
				r.Title = "a promise"
				if r.Chapter == "" {
					r.Chapter = "byo"
				}
				if r.Level == "" {
					r.Level = scenarios.Must
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
			if !matches(x.Reason, tt.reason) {
				t.Errorf("reason %q, expected %q", x.Reason, tt.reason)
			}
			if r.Exit != tt.exit {
				t.Errorf("exit %d, expected %d (error %q)", r.Exit, tt.exit, r.Error)
			}
			var got []string
			for _, c := range x.Cases {
				got = append(got, c.Case+":"+string(c.Status))
			}
			if cases := strings.Join(got, " "); cases != tt.cases {
				t.Errorf("cases %q, expected %q", cases, tt.cases)
			}
		})
	}
}

func deselect(id, why string) func(*Input) {
	return func(in *Input) { in.LeftOut = map[string]string{id: why} }
}

func TestGatherKeepsCatalogueOrderAndCounts(t *testing.T) {
	t.Parallel()
	r := Gather(Input{
		Run: report.Report{
			Started: time.Date(2026, 1, 2, 4, 4, 5, 678, time.FixedZone("", 3600)),
			Target:  report.Target{Profiles: []string{"byo"}},
		},
		Requirements: []scenarios.Requirement{
			{ID: "B-02", Level: scenarios.Must, Chapter: "byo", Cases: rows("a", "b", "c")},
			{ID: "A-01", Level: scenarios.Must, Chapter: "acme"},
			{ID: "B-01", Level: scenarios.Observe, Chapter: "byo"},
		},
		Outcomes: []Outcome{
			{ID: "B-01", Status: report.Passed},
			{ID: "B-02", Case: "b", Status: report.Skipped, Reason: "no IPv6"},
			{ID: "B-02", Case: "a", Status: report.Passed, UsedCA: true},
			{ID: "B-02", Case: "c", Status: report.Passed},
		},
	})
	var ids []string
	for _, x := range r.Results {
		ids = append(ids, x.ID)
	}
	if diff := cmp.Diff([]string{"B-02", "A-01", "B-01"}, ids); diff != "" {
		t.Error(diff)
	}
	want := report.Summary{
		Must:   report.Counts{report.Passed: 1, report.NotClaimed: 1},
		Should: report.Counts{}, May: report.Counts{}, Observe: report.Counts{report.Observed: 1},
	}
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
	in := claimed(scenarios.Requirement{ID: "X-01", Level: scenarios.Must, Chapter: "byo"})
	in.Outcomes = []Outcome{{ID: "X-01", Status: report.Passed}, {ID: "Q-99", Status: report.Passed}}
	r := Gather(in)
	const want = "results for IDs that are not in the catalogue: Q-99"
	if r.Error != want || r.Exit != 2 {
		t.Errorf("error %q, exit %d; expected %q, 2", r.Error, r.Exit, want)
	}
}

// TestGatherRecordsFailedAssertions checks that the message of an assertion is an
// observation only where the assertion is not judged.
func TestGatherRecordsFailedAssertions(t *testing.T) {
	t.Parallel()
	gather := func(l scenarios.Level) report.Result {
		o := Outcome{
			ID: "X-01", Status: report.Failed, Reason: "got 127.0.0.10:443",
			Observations: []report.Observation{{Kind: "count", Name: "orders", Value: 3}},
		}
		o.Sanitize(nil, map[string]string{"127.0.0.10": "<host>", "443": "<https>"})
		in := claimed(scenarios.Requirement{ID: "X-01", Level: l, Chapter: "byo"})
		in.Outcomes = []Outcome{o}
		return Gather(in).Results[0]
	}
	own := report.Observation{Kind: "count", Name: "orders", Value: float64(3)}
	judged := gather(scenarios.Must)
	if diff := cmp.Diff([]report.Observation{own}, judged.Observations); diff != "" {
		t.Error(diff)
	}
	recorded := report.Observation{Kind: "error", Name: "assertion", Value: "got <host>:<https>"}
	observed := gather(scenarios.Observe)
	if diff := cmp.Diff([]report.Observation{own, recorded}, observed.Observations); diff != "" {
		t.Error(diff)
	}
	if judged.DidNotHold || !judged.Broken() || !observed.DidNotHold || !observed.Broken() {
		t.Error("a failed assertion is told by the status where it is judged, else by a field")
	}
}

// matches compares a reason with what a row expects, which may be its beginning and
// an ellipsis.
func matches(reason, expected string) bool {
	if beginning, cut := strings.CutSuffix(expected, "…"); cut {
		return strings.HasPrefix(reason, beginning)
	}
	return reason == expected
}

// claimed returns the input for requirements of the chapter byo, which the target
// claims.
func claimed(requirements ...scenarios.Requirement) Input {
	return Input{
		Run:          report.Report{Target: report.Target{Profiles: []string{"byo"}}},
		Requirements: requirements,
	}
}

func rows(names ...string) []scenarios.Case {
	var cases []scenarios.Case
	for _, name := range names {
		cases = append(cases, scenarios.Case{Name: name})
	}
	return cases
}

func versions(text string) scenarios.Range {
	r, err := scenarios.ParseRange(text)
	if err != nil {
		panic(err)
	}
	return r
}

func TestGatherPlacesEvidence(t *testing.T) {
	t.Parallel()
	in := claimed(
		scenarios.Requirement{
			ID: "X-01", Level: scenarios.Must, Chapter: "byo",
			Cases: rows("a", "b c", "d"), Needs: []scenarios.Need{{ID: "Y-01"}},
		},
		scenarios.Requirement{
			ID: "Y-01", Level: scenarios.Must, Chapter: "byo", Cases: rows("e", "f"),
		},
	)
	in.Outcomes = []Outcome{
		{
			ID: "X-01", Case: "a", Status: report.Passed,
			Evidence: &report.Evidence{Log: []string{"one"}},
		},
		{
			ID: "X-01", Case: "b c", Status: report.Failed, Reason: "wrong",
			Evidence: &report.Evidence{Log: []string{"two"}}, Whole: true,
		},
		{
			ID: "X-01", Case: "d", Status: report.Failed, Reason: "wrong",
			Evidence: &report.Evidence{Log: []string{"three"}}, Whole: true,
		},
		{ID: "Y-01", Case: "e", Status: report.Passed, Evidence: &report.Evidence{Config: "e"}},
		{ID: "Y-01", Case: "f", Status: report.Passed, Evidence: &report.Evidence{Config: "f"}},
	}
	in.Repeat = func(ids ...string) string { return "assay run --only " + strings.Join(ids, ",") }
	r := Gather(in)
	want := &report.Evidence{
		Case: "b c",
		Dir:  "evidence/X-01/b_c", Log: []string{"two"}, Repeat: "assay run --only X-01,Y-01",
	}
	if diff := cmp.Diff(want, r.Results[0].Evidence); diff != "" {
		t.Error(diff)
	}
	want = &report.Evidence{Case: "d", Dir: "evidence/X-01/d", Log: []string{"three"}}
	if diff := cmp.Diff(want, r.Results[0].Cases[2].Evidence); diff != "" {
		t.Error(diff)
	}
	want = &report.Evidence{Case: "e", Config: "e"} // one of those that passed, without files
	if diff := cmp.Diff(want, r.Results[1].Evidence); diff != "" {
		t.Error(diff)
	}
	for _, c := range []report.Case{
		r.Results[0].Cases[0], r.Results[1].Cases[0], r.Results[1].Cases[1],
	} {
		if c.Evidence != nil {
			t.Errorf("%s: evidence of a further case that passed: %+v", c.Case, c.Evidence)
		}
	}
	if e := in.Outcomes[1].Evidence; e.Dir != "" || e.Repeat != "" {
		t.Error("Gather changed what it was given")
	}
}

// TestGatherKeepsACommonCause checks that a result has the cause of its failed cases only
// if all of them have it: what a case failed for has to be shown.
func TestGatherKeepsACommonCause(t *testing.T) {
	t.Parallel()
	const cause = report.CauseNoContact
	for _, tt := range []struct {
		name, want string
		causes     [3]string
		statuses   [3]report.Status
	}{
		{"all failed for it", cause, [3]string{cause, cause, cause},
			[3]report.Status{report.Failed, report.Failed, report.Failed}},
		{"the others passed or were skipped", cause, [3]string{"", "", cause},
			[3]report.Status{report.Passed, report.Skipped, report.Failed}},
		{"one failed for another cause", "", [3]string{cause, "", cause},
			[3]report.Status{report.Failed, report.Failed, report.Failed}},
		{"one is an error", "", [3]string{cause, "", cause},
			[3]report.Status{report.Failed, report.Error, report.Failed}},
	} {
		in := claimed(scenarios.Requirement{ID: "X-01", Level: scenarios.Must, Chapter: "byo",
			Cases: rows("a", "b", "c")})
		for i, row := range []string{"a", "b", "c"} {
			in.Outcomes = append(in.Outcomes, Outcome{
				ID: "X-01", Case: row, Status: tt.statuses[i], Reason: "so", Cause: tt.causes[i],
			})
		}
		if got := Gather(in).Results[0].Cause; got != tt.want {
			t.Errorf("%s: the cause is %q, expected %q", tt.name, got, tt.want)
		}
	}
}
