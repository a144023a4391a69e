package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// A Mistake is one thing wrong in a catalogue file.
type Mistake struct {
	File     string // "scenarios/byo.yaml"
	Line     int    // from 1
	Key      string // "BYO-02: level", or what stands in a key's place
	Found    string // what is there
	Expected string // what should be
}

// Error puts the mistake the way editors understand: file:line first.
func (m Mistake) Error() string {
	return fmt.Sprintf("%s:%d: %s: found %s, expected %s", m.File, m.Line, m.Key, m.Found, m.Expected)
}

// mistakes gathers everything that is wrong, to be reported at once.
type mistakes []Mistake

func (m *mistakes) add(file string, line int, key, found, expected string) {
	*m = append(*m, Mistake{File: file, Line: line, Key: key, Found: found, Expected: expected})
}

// err joins the mistakes in the order in which a reader meets them.
func (m mistakes) err() error {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	errs := make([]error, len(m))
	for i, mistake := range m {
		errs[i] = mistake
	}
	return errors.Join(errs...)
}
