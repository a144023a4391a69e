package report

import (
	"slices"
	"strings"
)

// report redacts every text of a report in place.
func (r Redactor) report(rep *Report) {
	rep.Error, rep.WorldReason = r.Text(rep.Error), r.Text(rep.WorldReason)
	for i := range rep.Results {
		x := &rep.Results[i]
		x.Reason, x.Detail = r.Text(x.Reason), r.Text(x.Detail)
		x.Evidence = r.evidence(x.Evidence)
		for k := range x.Cases {
			c := &x.Cases[k]
			c.Reason, c.Detail = r.Text(c.Reason), r.Text(c.Detail)
			c.Evidence = r.evidence(c.Evidence)
		}
		for k := range x.Observations {
			x.Observations[k].Value = r.value(x.Observations[k].Value)
		}
	}
}

// Observations returns redacted copies, whose values are plain JSON values.
func (r Redactor) Observations(obs []Observation) []Observation {
	out := slices.Clone(obs)
	for i, o := range out {
		out[i].Value = r.value(plain(o.Value))
	}
	return out
}

// evidence returns a redacted copy.
func (r Redactor) evidence(e *Evidence) *Evidence {
	if e == nil {
		return nil
	}
	c := *e
	c.Config = r.Text(e.Config)
	c.Log = r.lines(e.Log)
	c.Repeat = r.Text(e.Repeat)
	c.ACME = nil
	for _, x := range e.ACME {
		x.What, x.Detail = r.Text(x.What), r.Text(x.Detail)
		c.ACME = append(c.ACME, x)
	}
	if e.Files != nil {
		c.Files = make(map[string]string, len(e.Files))
		for name, text := range e.Files {
			c.Files[name] = r.Text(text)
		}
	}
	return &c
}

// lines redacts lines together, for a secret may span several; there may be
// fewer afterwards.
func (r Redactor) lines(lines []string) []string {
	if len(lines) == 0 {
		return lines
	}
	return strings.Split(r.Text(strings.Join(lines, "\n")), "\n")
}

// value redacts the strings in a JSON value, keys included, as a copy.
func (r Redactor) value(v any) any {
	switch v := v.(type) {
	case string:
		return r.Text(v)
	case []any:
		if lines, ok := allStrings(v); ok {
			out := []any{}
			for _, line := range r.lines(lines) {
				out = append(out, line)
			}
			return out
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = r.value(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			// The pair is looked at as JSON: the key tells what the value is.
			if s, ok := x.(string); ok {
				x = r.member(k, s)
			}
			out[r.Text(k)] = r.value(x)
		}
		return out
	default:
		return v
	}
}

// member redacts a string for the name under which it stands in an object.
func (r Redactor) member(key, s string) string {
	open := `"` + key + `":"`
	t := r.Text(open + s + `"`)
	if rest, ok := strings.CutPrefix(t, open); ok {
		return strings.TrimSuffix(rest, `"`)
	}
	return s
}

func allStrings(v []any) ([]string, bool) {
	var lines []string
	for _, x := range v {
		s, ok := x.(string)
		if !ok {
			return nil, false
		}
		lines = append(lines, s)
	}
	return lines, true
}
