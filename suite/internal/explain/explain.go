package explain

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"assay/fixtures/mutants"
	"assay/scenarios"
	"assay/suite/report/words"
)

// Write writes the explanation of a requirement. name is "ID" or "ID/case", as the
// catalogue writes it, and dir the directory of the report.
func Write(w io.Writer, catalogue *scenarios.Catalogue, name, dir string, color bool) error {
	r, row, ok := catalogue.Find(name)
	if !ok {
		return fmt.Errorf("found %q, expected an ID of the catalogue; see: assay list%s",
			name, catalogue.Hint(name))
	}
	steps, err := stepsOf(r.ID)
	if err != nil {
		return err
	}
	all, err := mutants.Mistakes()
	if err != nil {
		return err
	}
	p := printer{words.NewTerminal(w, 0, color)}
	p.Line(p.Paint(words.Bold, fmt.Sprintf("%s  %s  %s", name, r.Level, r.Title)))
	p.part("Promise", r.Text)
	p.part("Why it matters", r.Why)
	p.part("Who promises it", r.Source)
	p.part("Level", level(r.Level))
	p.conditions(catalogue, r)
	p.mistakes(r, mutants.Of(all, name))
	p.how(steps)
	if err := p.cases(r, row); err != nil {
		return err
	}
	p.advice(r, name, dir)
	return p.Flush()
}

type printer struct{ *words.Terminal }

func (p printer) title(title string) {
	p.Line("")
	p.Line(p.Paint(words.Bold, title))
}

func (p printer) part(title, text string) {
	p.title(title)
	p.Prose("  ", text)
}

// item writes a text as an item of a list.
func (p printer) item(text string) {
	var b strings.Builder
	inner := printer{words.NewTerminal(&b, 100, false)}
	inner.Prose("    ", text)
	inner.Flush()
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		if i == 0 {
			line = "  - " + strings.TrimPrefix(line, "    ")
		}
		p.Line(line)
	}
}

func level(l scenarios.Level) string {
	switch l {
	case scenarios.Must:
		return "MUST: a server that breaks it fails the run."
	case scenarios.Should:
		return "SHOULD: a server that breaks it gets a warning. With --strict it fails the run."
	case scenarios.May:
		return "MAY: a server may do without it, and is then said not to offer it."
	default:
		return "OBSERVE: what the server does is recorded for comparison, and never judged."
	}
}

// conditions says when the requirement is tried and judged.
func (p printer) conditions(catalogue *scenarios.Catalogue, r scenarios.Requirement) {
	chapters := []string{r.Chapter}
	var needs []string
	for _, need := range r.Needs {
		if need.Chapter != "" {
			chapters = append(chapters, need.Chapter)
			continue
		}
		needed, _, _ := catalogue.Find(need.ID)
		needs = append(needs, fmt.Sprintf("%s holds (%s)", need.ID, needed.Title))
	}
	p.title("When it is judged")
	p.item("The target claims the profiles " + strings.Join(chapters, ", ") + ".")
	for _, need := range needs {
		p.item(need + ".")
	}
	if len(r.Worlds) > 0 {
		p.item("The run is in the " + strings.Join(r.Worlds, " or ") + " world.")
	}
	if !r.Autocert.IsZero() {
		p.item(fmt.Sprintf("The target has golang.org/x/crypto %s, or a version that is not known.",
			r.Autocert))
	}
}

// how says what the spec does.
func (p printer) how(steps []Step) {
	if len(steps) == 0 {
		return
	}
	p.title("How it is tried")
	for _, s := range steps {
		switch s.Kind {
		case Check:
			p.item("Check: " + s.Text + ".")
		case Do:
			p.item("The spec " + s.Text + ".")
		default:
			p.item("Note: " + s.Text + ".")
		}
	}
}

// cases shows the rows of the requirement's table, or the one that was asked for.
func (p printer) cases(r scenarios.Requirement, one scenarios.Case) error {
	rows := r.Cases
	switch {
	case one.Name != "":
		rows = []scenarios.Case{one}
		p.title("The case")
	case len(rows) > 0:
		p.title(fmt.Sprintf("Its %d cases, with what differs between them", len(rows)))
	}
	for _, row := range rows {
		fields, err := fieldsOf(row)
		if err != nil {
			return err
		}
		p.item(strings.TrimSpace(row.Name + "  " + fields))
	}
	return nil
}

// fieldsOf returns the fields of a row on one line.
func fieldsOf(row scenarios.Case) (string, error) {
	text, err := row.MarshalJSON()
	if err != nil {
		return "", err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return "", err
	}
	delete(fields, "case")
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, name+": "+string(fields[name]))
	}
	return strings.Join(parts, ", "), nil
}

// mistakes says how servers break the requirement.
func (p printer) mistakes(r scenarios.Requirement, broken []mutants.Mistake) {
	p.title("How servers usually get it wrong")
	for _, m := range broken {
		p.item(m.Breaks)
	}
	switch {
	case len(broken) > 0:
	case r.Unbroken != "":
		p.Prose("  ", "No known-bad server breaks it: "+r.Unbroken)
	default:
		p.Prose("  ", "No known-bad server is listed for it.")
	}
}

// advice says what to do about a failure.
func (p printer) advice(r scenarios.Requirement, name, dir string) {
	p.title("What to do")
	if r.Remedy != "" {
		p.item(r.Remedy)
	}
	p.item("Run it alone and keep its files: assay run --only " + name +
		" --keep, with the --target or --bin of your run.")
	p.item("Read " + path.Join(dir, "evidence", name) +
		": the configuration, the server's log, and what the CA saw.")
	if r.Level != scenarios.Observe {
		p.item("If the server will not be changed, list it in the target file under known_failures: " +
			"{id: " + name + ", reason: why it fails}.")
	}
	p.item("If your server is right, Assay is wrong: report it with the issue form \"Wrong verdict\".")
}
