package page

import (
	"encoding/json"
	"slices"
	"strings"

	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/report/words"
)

// A result is one requirement, with all that the page says of it.
type result struct {
	*report.Result
	Anchor  string
	Kind    Kind
	Message []part
	Rows    []row
	Facts   []observation
	Proof   *evidence
	Caution []string // sentences about the status
	Verdict bool     // the requirement was run to a verdict
	Excuse  *excuse
}

// A row is one case of a requirement.
type row struct {
	report.Case
	Anchor  string
	Kind    Kind
	Message []part
	Proof   *evidence
	Decides bool // the evidence of the requirement is that of this case
	Excuse  *excuse
}

// An excuse is a known failure with a link that is safe to follow.
type excuse struct {
	*report.Excuse
	URL string
}

func newExcuse(e *report.Excuse) *excuse {
	if e == nil {
		return nil
	}
	return &excuse{e, WebLink(e.Link)}
}

// An observation is one fact, with the cases that observed it.
type observation struct {
	Kind, Name, Value string
	Cases             string
}

// Lines returns the lines of the value.
func (o observation) Lines() []string { return strings.Split(o.Value, "\n") }

// maxMessage is the length in bytes of the longest message that is shown.
const maxMessage = 6000

func newResult(x *report.Result, r *report.Report, ids anchors, s steps) *result {
	k := KindOf(x, r.Strict)
	x.Title, x.Source = cut(x.Title, 400), cut(x.Source, 400)
	x.Text, x.Why, x.Reason = cut(x.Text, maxMessage), cut(x.Why, maxMessage), cut(x.Reason, 1000)
	x.Remedy = cut(x.Remedy, maxMessage)
	out := &result{
		Result: x, Kind: k, Anchor: ids.add(x.ID), Message: newParts(render.Message(x.Message())),
		Verdict: x.Ran(), Excuse: newExcuse(x.KnownFailure), Facts: observations(x, s.observation),
	}
	if len(x.Cases) > 0 && k != errored {
		out.Message = newParts(render.Message(x.Reason)) // the cases have their own messages
	}
	limits := s.of(k)
	if e := x.Evidence; e != nil {
		out.Proof = newEvidence(e, r, limits)
	}
	shown := 0
	for _, c := range x.Cases {
		y := row{
			Case: c, Kind: caseKind(x, c, r.Strict), Anchor: ids.add(x.ID + "/" + c.Case),
			Message: newParts(render.Message(c.Message())), Excuse: newExcuse(c.KnownFailure),
			Decides: x.Evidence != nil && x.Evidence.Case == c.Case,
		}
		y.Message = withoutSame(y.Message, out.Message)
		if c.Evidence != nil {
			y.Proof = newEvidence(c.Evidence, r, s.ofCase(y.Kind, shown))
			shown++
		}
		out.Rows = append(out.Rows, y)
	}
	if x.TriedTwice != "" {
		out.Caution = append(out.Caution, "Tried twice: "+x.TriedTwice)
	}
	if x.DidNotHold {
		out.Caution = append(out.Caution, "An assertion did not hold. It is observed, and not judged.")
	}
	if len(x.Unclaimed) > 0 {
		out.Caution = append(out.Caution,
			"The target would have to claim "+strings.Join(x.Unclaimed, ", ")+".")
	}
	return out
}

// withoutSame returns the parts of a case without the explanations that its
// requirement has above.
func withoutSame(parts, above []part) []part {
	return slices.DeleteFunc(parts, func(p part) bool {
		return p.Prose && slices.ContainsFunc(above, func(q part) bool { return q.Name == p.Name })
	})
}

// Open reports whether the evidence is shown without being asked for.
func (r *result) Open() bool { return r.Kind == failed || r.Kind == errored || r.Kind == notMet }

// observations returns the facts of a result. Cases that observed the same share
// one entry.
func observations(x *report.Result, limit int) []observation {
	type key struct{ kind, name, value string }
	var order []key
	cases := map[key][]string{}
	for _, o := range x.Observations {
		k := key{cut(o.Kind, 40), cut(o.Name, 200), cut(valueText(o.Value), limit)}
		if _, seen := cases[k]; !seen {
			order = append(order, k)
			cases[k] = []string{}
		}
		if o.Case != "" && !slices.Contains(cases[k], o.Case) {
			cases[k] = append(cases[k], o.Case)
		}
	}
	var out []observation
	for _, k := range order {
		out = append(out, observation{k.kind, k.name, k.value, caseNames(cases[k], len(x.Cases))})
	}
	return out
}

// maxCases is the number of cases that an observation names.
const maxCases = 4

func caseNames(names []string, total int) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == total && n > 1:
		return "all " + plural(n, "case", "cases")
	case n > maxCases:
		return strings.Join(names[:maxCases], ", ") + " and " + number(n-maxCases) + " more"
	}
	return strings.Join(names, ", ")
}

// valueText returns the value of an observation as text: lines of texts as lines,
// everything else as JSON.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return v
	case []any:
		if len(v) == 0 {
			return "none"
		}
		var lines []string
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return jsonText(v)
			}
			lines = append(lines, text)
		}
		return strings.Join(lines, "\n")
	}
	return jsonText(v)
}

// jsonText returns a value as JSON on as few lines as can be read.
func jsonText(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the template escapes
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	if b.Len() > 100 {
		b.Reset()
		e.SetIndent("", " ")
		if err := e.Encode(v); err != nil {
			return err.Error()
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// cut shortens a text to about n bytes and says so.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	kept := words.Cut(text, n)
	return kept + " (" + number(len(text)-len(kept)+len("…")) + " bytes more)"
}
