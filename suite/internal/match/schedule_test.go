package match

import (
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega/types"
)

const scheduleOfADay = `{"schema": 1, "span_s": 63072000,
  "working": [{"lifetime_s": 86400, "issued": 1100, "renewals": [{"at_s": 57600, "left_s": 28800}],
               "uncovered_s": 0, "stopped": false}],
  "failing": [{"lifetime_s": 86400,
               "attempts": [{"at_s": 57600, "requests": 2}, {"at_s": 60000, "requests": 1}],
               "mended_s": 60100, "renewed_s": 62000, "left_s": 24400, "stopped": false}]}`

// A schedule is read strictly, and each way to fall short is seen.
func TestSchedule(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	never, space := NeverRunOut(day), SpaceAttempts(day, 10*time.Minute)
	recover := RecoverWithin(day, 2*time.Hour)
	for name, c := range map[string]struct {
		find, replace string
		unreadable    string
		fails         types.GomegaMatcher // nil: none of the three
	}{
		"good":               {},
		"renewed too often":  {find: `"issued": 1100`, replace: `"issued": 5000`, fails: never},
		"renewed too seldom": {find: `"issued": 1100`, replace: `"issued": 700`, fails: never},
		"ran out":            {find: `"uncovered_s": 0`, replace: `"uncovered_s": 3600`, fails: never},
		"too short":          {find: `"span_s": 63072000`, replace: `"span_s": 31536000`, fails: never},
		"a storm":            {find: `"stopped": false}],`, replace: `"stopped": true}],`, fails: never},
		"hammered":           {find: `"at_s": 60000`, replace: `"at_s": 57700`, fails: space},
		"gave up":            {find: `, {"at_s": 60000, "requests": 1}`, fails: space},
		"recovered late":     {find: `"renewed_s": 62000`, replace: `"renewed_s": 68000`, fails: recover},
		"never recovered": {find: `"renewed_s": 62000, "left_s": 24400`,
			replace: `"renewed_s": 0, "left_s": 0`, fails: recover},
		"another schema": {find: `"schema": 1`, replace: `"schema": 2`,
			unreadable: "schema: found 2, expected 1"},
		"an unknown member": {find: `"issued"`, replace: `"certificates"`,
			unreadable: `unknown field "certificates"`},
		"no span": {find: `"span_s": 63072000`, replace: `"span_s": 0`,
			unreadable: "span_s: found 0, expected more than 0"},
		"a span of ages": {find: `"span_s": 63072000`, replace: `"span_s": 10000000000000000`,
			unreadable: "span_s: found 10000000000000000, expected at most 3153600000"},
		"no lifetime": {find: `"lifetime_s": 86400`, replace: `"lifetime_s": 0`,
			unreadable: "lifetime_s: found 0, expected more than 0"},
		"more than an object": {find: `"left_s": 24400, "stopped": false}]}`,
			replace:    `"left_s": 1, "stopped": false}]} done`,
			unreadable: "found more after the JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schedule, err := ReadSchedule([]byte(strings.Replace(scheduleOfADay, c.find, c.replace, 1)))
			if c.unreadable != "" {
				if err == nil || !strings.Contains(err.Error(), c.unreadable) {
					t.Errorf("found %v, expected an error that says %q", err, c.unreadable)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []types.GomegaMatcher{never, space, recover} {
				ok, seen, _ := m.(*matcher).judge(schedule)
				if ok != (m != c.fails) {
					t.Errorf("%s: found %t: %s", m.(*matcher).expected, ok, seen)
				}
			}
		})
	}
}
