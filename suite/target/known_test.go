package target

import (
	"testing"
	"time"
)

func TestKnownFailures(t *testing.T) {
	t.Parallel()
	tt := parsed(t, smallest+`config: {base: {}}
known_failures:
  - {id: RES-01, version: "< 0.29.3", until: 2027-06-30, seen: "unexpected EOF", reason: drained, link: https://example.org/1}
  - {id: BYO-02, reason: all versions}
  - {id: BYO-02/dot-dot, reason: the case}
  - {id: BYO-03/a, until: 2020-01-01, reason: old}
  - {id: BYO-03, reason: newer}
`)
	day := time.Date(2027, 6, 30, 23, 59, 59, 0, time.UTC)
	for name, row := range map[string]struct {
		id, caseName, version string
		now                   time.Time
		state                 KnownState
		reason                string
	}{
		"in its range":             {"RES-01", "", "headscale v0.29.2", day, Listed, "drained"},
		"every case":               {"RES-01", "nonce", "0.29.2", day, Listed, "drained"},
		"outside":                  {"RES-01", "", "v0.29.3", day, NotListed, ""},
		"a pre-release":            {"RES-01", "", "v0.29.3-beta.1", day, Listed, "drained"},
		"unknown version":          {"RES-01", "", "development", day, NotListed, ""},
		"a second too late":        {"RES-01", "", "v0.29.2", day.Add(time.Second), Expired, "drained"},
		"no range, no version":     {"BYO-02", "", "", day, Listed, "all versions"},
		"the case before the rest": {"BYO-02", "dot-dot", "", day, Listed, "the case"},
		"another case":             {"BYO-02", "spaces", "", day, Listed, "all versions"},
		"one that counts first":    {"BYO-03", "a", "", day, Listed, "newer"},
		"not listed":               {"BYO-04", "", "", day, NotListed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, state := tt.KnownFailure(row.id, row.caseName, row.version, row.now)
			if state != row.state || k.Reason != row.reason {
				t.Errorf("got %v %q, want %v %q", state, k.Reason, row.state, row.reason)
			}
		})
	}
	k, _ := tt.KnownFailure("RES-01", "", "v0.29.2", day)
	if !k.Describes("POST newOrder: unexpected EOF\nmore") || k.Describes("no certificate") {
		t.Error("the pattern does not tell the known failure from another")
	}
	if k, _ := tt.KnownFailure("BYO-02", "", "", day); !k.Describes("anything") {
		t.Error("without a pattern every reason is known")
	}
	if k.Line != 6 || k.Link != "https://example.org/1" {
		t.Errorf("line %d, link %q", k.Line, k.Link)
	}
}
