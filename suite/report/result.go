package report

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// result writes a verdict down.
func (j *judge) result(req Requirement, v verdict) Result {
	r := Result{
		ID: req.ID, Title: req.Title, Level: req.Level, Profile: req.Profile,
		Source: req.Source, Text: req.Text,
		Status: v.status, DurationMS: v.duration.Milliseconds(), UsedCA: v.usedCA,
		KnownFailure: v.excuse, Observations: v.observations,
	}
	r.Reason, r.Detail = v.words()
	r.Evidence = v.evidence.in(path.Join("evidence", fileName(req.ID)), v.cases, v.decider)
	if j.in.Repeat != nil && slices.Contains([]Status{Error, Failed, KnownFailed, UnexpectedPassed}, v.status) {
		if r.Evidence == nil {
			r.Evidence = &Evidence{}
		}
		if r.Evidence.Repeat == "" {
			r.Evidence.Repeat = j.in.Repeat(j.withNeeds(req)...)
		}
	}
	if len(v.cases) == 1 && v.cases[0].name == "" {
		r.TriedTwice = v.cases[0].triedTwice
		return r
	}
	for i, c := range v.cases {
		k := Case{Case: c.name, Status: c.status, DurationMS: c.duration.Milliseconds(), KnownFailure: c.excuse, TriedTwice: c.triedTwice}
		k.Reason, k.Detail = c.words()
		if i != v.decider {
			k.Evidence = c.evidence.in(path.Join("evidence", fileName(req.ID)), v.cases, i)
		}
		r.Cases = append(r.Cases, k)
	}
	return r
}

// withNeeds returns a requirement's ID and those that it needs, whose results
// decide whether it is judged.
func (j *judge) withNeeds(req Requirement) []string {
	ids := []string{req.ID}
	for i := 0; i < len(ids); i++ {
		for _, r := range j.in.Requirements {
			if r.ID != ids[i] {
				continue
			}
			for _, n := range r.Needs {
				id, _, _ := strings.Cut(n, "/")
				if !j.in.isChapter(n) && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

// words returns the one-line reason, and the whole text if that says more.
func (v verdict) words() (reason, detail string) {
	line := headline(v.reason)
	if line != v.reason {
		detail = v.reason
	}
	return v.prefix + line + v.suffix, detail
}

// copyEvidence returns an outcome's evidence with its files.
func copyEvidence(o Outcome) *Evidence {
	e := Evidence{}
	if o.Evidence != nil {
		e = *o.Evidence
	}
	e.Log, e.ACME = slices.Clone(e.Log), slices.Clone(e.ACME)
	files := maps.Clone(e.Files)
	if files == nil && len(o.Files) > 0 {
		files = map[string]string{}
	}
	maps.Copy(files, o.Files)
	e.Files = files
	return &e
}

// in returns the evidence of the i-th case with the directory where its files
// belong, unless the spec named one.
func (e *Evidence) in(dir string, cases []verdict, i int) *Evidence {
	if e == nil {
		return nil
	}
	c := *e
	if c.Dir == "" {
		c.Dir = dir
		if i < len(cases) && cases[i].name != "" {
			c.Dir = path.Join(dir, fileName(cases[i].name))
		}
	}
	return &c
}

// fileName makes a name safe for any file system. The names of the catalogue
// stay as they are.
func fileName(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, name)
	if strings.Trim(s, ".") == "" {
		return "_"
	}
	return s
}
