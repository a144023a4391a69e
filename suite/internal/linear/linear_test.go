package linear_test

import (
	"strings"
	"testing"

	"assay/suite/internal/linear"
)

// recorder is a test that keeps whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func (r *recorder) Helper() {}

// Time that grows with the square of the length is found, and linear time is none.
func TestCheck(t *testing.T) {
	sum := 0
	for name, row := range map[string]struct {
		f    func(text string)
		want bool
	}{
		"linear": {func(text string) {
			for range 50 {
				strings.Count(text, "x")
			}
		}, false},
		"square": {func(text string) {
			for i := 0; i < len(text); i += 4 {
				for range text[i:] {
					sum++
				}
			}
		}, true},
	} {
		r := &recorder{TB: t}
		linear.Check(r, "ab", row.f)
		if r.failed != row.want {
			t.Errorf("%s: failed %t, expected %t", name, r.failed, row.want)
		}
	}
}
