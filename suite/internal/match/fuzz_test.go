package match

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzReadSchedule checks that a schedule that is read is the same when it is written and
// read again, and can be judged.
func FuzzReadSchedule(f *testing.F) {
	f.Add([]byte(scheduleOfADay))
	f.Add([]byte(`{"schema": 1, "span_s": 1}`))
	f.Add([]byte(`{"schema": 1, "span_s": 9223372036854775807, "working": [{"lifetime_s": -1}], "f` +
		`ailing": [{}]}`))
	f.Add([]byte(`{"schema": 1, "span_s": 1, "failing": [{"lifetime_s": 86400, "attempts": [{"at_s` +
		`": -5}, {"at_s": -9}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		schedule, err := ReadSchedule(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(schedule)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ReadSchedule(written); err != nil || !cmp.Equal(schedule, again) {
			t.Errorf("%q was written as %q and read as %+v (%v)", text, written, again, err)
		}
		for _, life := range schedule.Working {
			lifetime := life.Lifetime.Duration()
			if ok, err := NeverRunOut(lifetime).Match(schedule); ok && (err != nil || life.Uncovered > 0) {
				if first, found := schedule.Life(lifetime); found && first.Uncovered > 0 {
					t.Errorf("%q: a time without a certificate is accepted (%v)", text, err)
				}
			}
		}
		for _, o := range schedule.Failing {
			_, _ = SpaceAttempts(o.Lifetime.Duration(), time.Minute).Match(schedule)
			_, _ = RecoverWithin(o.Lifetime.Duration(), time.Hour).Match(schedule)
		}
	})
}
