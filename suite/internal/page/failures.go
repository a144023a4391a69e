package page

import (
	"slices"
	"strings"

	"assay/suite/internal/render"
	"assay/suite/report"
)

// A list names results that deserve a look.
type list struct {
	Title  string
	Items  []item
	More   []item // further ones, which are shown on demand
	Closed bool   // the whole list is shown on demand
	Total  int    // of all results of the list
}

// An item is a result of a list, with what else failed for the same cause.
type item struct {
	*result
	Cause  string    // what the others share; "" if there are none
	Others []*result // which are named only
	Seen   []part
	SameAs *result // the failure with the same cause, which has what was seen
}

// Count returns how many results the item stands for.
func (x item) Count() int { return 1 + len(x.Others) }

// A part is a labelled text, of which each line is laid out for itself.
type part struct {
	Name  string
	Lines []string
	Prose bool // words of the suite, in one line
}

// maxPart is the length in bytes of the longest part that is shown.
const maxPart = 3000

// newParts returns the parts of a message for the page.
func newParts(all []render.Part) []part {
	var out []part
	for _, p := range all {
		text := strings.TrimRight(cut(p.Text, maxPart), "\n")
		if p.Prose {
			text = strings.Join(strings.Fields(text), " ")
		}
		out = append(out, part{p.Name, strings.Split(text, "\n"), p.Prose})
	}
	return out
}

// maxList is the number of causes that are listed without being asked for.
const maxList = 12

// lists returns the lists of what failed, is not met, and is known to fail. Those that
// would be empty are left out.
func lists(bad, unmet, excused []*result) []list {
	causes := render.Causes(plain(bad))
	of := map[*report.Result]*result{}
	for _, x := range bad {
		of[x.Result] = x
	}
	failing := list{Title: "What failed", Total: len(bad)}
	for _, c := range causes {
		x := newItem(of[c.Results[0]])
		for _, other := range c.Results[1:] {
			x.Cause = cut(c.Text, maxPart)
			x.Others = append(x.Others, of[other])
		}
		failing.Items = append(failing.Items, x)
	}
	if len(failing.Items) > maxList+3 {
		failing.Items, failing.More = failing.Items[:maxList], failing.Items[maxList:]
	}
	lenient := list{Title: "Not met (SHOULD)", Closed: true, Total: len(unmet)}
	for _, x := range unmet {
		y := newItem(x)
		for _, c := range causes {
			if c.Explains(x.Result) { // what was seen is said there
				y.SameAs, y.Seen = of[c.Results[0]], nil
			}
		}
		lenient.Items = append(lenient.Items, y)
	}
	listed := list{Title: "Known failures", Closed: true, Total: len(excused)}
	for _, x := range excused {
		listed.Items = append(listed.Items, newItem(x))
	}
	return slices.DeleteFunc([]list{failing, lenient, listed},
		func(l list) bool { return l.Total == 0 })
}

func newItem(x *result) item { return item{result: x, Seen: newParts(render.Seen(x.Result))} }

// plain returns results without what the page says of them.
func plain(results []*result) []*report.Result {
	var out []*report.Result
	for _, x := range results {
		out = append(out, x.Result)
	}
	return out
}
