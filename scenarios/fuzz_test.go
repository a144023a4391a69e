package scenarios

import (
	"strings"
	"testing"
)

// FuzzParseRange checks that a range that is accepted reads the same when it is written
// as text, and holds for its own bounds as it says.
func FuzzParseRange(f *testing.F) {
	for _, text := range []string{
		">= 0.45.0 < 0.58.0", "=v1.2.3", "> 1.0.0-rc.1", "<=2.0.0+build", "", ">=", "0.1.0", ">= 1.2",
		">= >= 1.0.0", "= 1.0.0 = 2.0.0", "<\u00a01.0.0",
	} {
		f.Add(text, "0.45.0")
		f.Add(text, "v0.58.0-rc1")
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		r, err := ParseRange(text)
		if err != nil {
			if !r.IsZero() {
				t.Errorf("%q: refused and not empty", text)
			}
			return
		}
		var again Range
		if err := again.UnmarshalText([]byte(r.String())); err != nil || again.String() != text {
			t.Errorf("%q became %q (%v)", text, again, err)
		}
		if a, b := r.Holds(version), r.Holds("v"+strings.TrimPrefix(version, "v")); a != b ||
			a != again.Holds(version) {
			t.Errorf("%q: %q gives %d, and %d with a v", text, version, a, b)
		}
		for _, c := range r.tests {
			want := strings.Contains(c.operator, "=")
			if c.holds(c.version) != want {
				t.Errorf("%q: %s %s holds for its own version: %t", text, c.operator, c.version, !want)
			}
		}
	})
}

// FuzzCatalogue checks that a chapter is refused in words or has requirements that can
// be found by their names.
func FuzzCatalogue(f *testing.F) {
	const entry = `- id: CHAIN-09
  title: a chain is served
  level: MUST
  source: RFC 8446
  text: In full.
  why: Clients reject it.
`
	f.Add(entry)
	f.Add(entry + "  cases:\n    - {case: one, n: 1}\n    - {case: one, n: 2}\n")
	f.Add(entry + "  combine:\n    a: [one, two]\n    b: [x]\n    c: [p, q]\n  group: [a]\n")
	f.Add(entry + "  combine:\n    a: [one, two]\n    b: [x, y]\n  except:\n    - {a: [one], b: [x" +
		"]}\n")
	f.Add(entry + "  needs: [namespace]\n  versions: '>= 1.0.0'\n  unbroken: nothing can\n")
	f.Add("requirements: [{id: X-01}]")
	f.Add("- &a {id: CHAIN-01, title: *a}\n")
	names, err := files.ReadDir(".")
	if err != nil {
		f.Fatal(err)
	}
	for _, entry := range names {
		text, err := files.ReadFile(entry.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text[:min(len(text), 4<<10)]))
	}
	f.Fuzz(func(t *testing.T, text string) {
		chapter := Chapter{Name: "chain"}
		if file := parse("chain.yaml", []byte(text), &chapter); file.Err() != nil {
			return
		}
		c := &Catalogue{Chapters: []Chapter{chapter}}
		for _, q := range c.Requirements() {
			if found, _, ok := c.Find(q.ID); !ok || found.ID != q.ID {
				t.Errorf("%q: %s is not found", text, q.ID)
			}
			for _, row := range q.Rows() {
				if row.Name == "" {
					continue
				}
				if _, found, ok := c.Find(q.ID + "/" + row.Name); !ok || found.Name != row.Name {
					t.Errorf("%q: %s/%s is not found", text, q.ID, row.Name)
				}
			}
			if q.Title == "" || q.Text == "" || q.Why == "" || q.Source == "" {
				t.Errorf("%q: %s lacks something: %+v", text, q.ID, q)
			}
		}
	})
}
