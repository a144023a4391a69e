package sut

import (
	"testing"
	"time"
)

func TestKnownFailures(t *testing.T) {
	t.Parallel()
	tt := parsed(t, smallest+`config: {base: {}}
known_failures:
  - {id: RES-01, version: "< 0.29.3", until: 2027-06-30, seen: "unexpected EOF",
     reason: drained, link: https://example.org/1}
  - {id: BYO-02/dot-dot, reason: all versions}
`)
	some, all := tt.KnownFailures[0], tt.KnownFailures[1]
	if some.ID != "RES-01" || some.Reason != "drained" || some.Link != "https://example.org/1" ||
		!some.Seen.MatchString("POST newOrder: unexpected EOF") {
		t.Errorf("%+v is not what the file says", some)
	}
	if all.ID != "BYO-02/dot-dot" || all.Seen != nil || !all.Until.IsZero() {
		t.Errorf("%+v is not what the file says", all)
	}
	for version, applies := range map[string]bool{
		"headscale v0.29.2": true,
		"0.29.2":            true,
		"v0.29.3-beta.1":    true,
		"v0.29.3":           false,
		"development":       true,
		"":                  true,
	} {
		if some.Applies(version) != applies || !all.Applies(version) {
			t.Errorf("version %q: applies %t, and %t without a range; want %t, and true", version,
				some.Applies(version), all.Applies(version), applies)
		}
	}
	for version, uncertain := range map[string]bool{
		"v0.29.2": false, "v0.29.3": false, "dev": true, "": true,
	} {
		if some.Uncertain(version) != uncertain || all.Uncertain(version) {
			t.Errorf("version %q: uncertain %t, and %t without a range; want %t, and false",
				version, some.Uncertain(version), all.Uncertain(version), uncertain)
		}
	}
	last := time.Date(2027, 6, 30, 23, 59, 59, 0, time.UTC)
	if some.Expired(last) || !some.Expired(last.Add(time.Second)) ||
		all.Expired(last.AddDate(100, 0, 0)) {
		t.Error("an entry counts until the end of its last day, one without such a day for ever")
	}
}
