package page

import (
	"crypto/sha256"
	_ "embed" // for the parts of the page
	"encoding/base64"
	"html/template"
	"io"
	"strings"
)

// The parts that every page of Assay shares: the frame, the symbols, and the
// styles of text, statuses and tables.
var (
	//go:embed assets/layout.html
	layoutHTML string
	//go:embed assets/symbols.html
	symbolsHTML string
	//go:embed assets/base.css
	baseCSS string
)

// The parts of the page of one report.
var (
	//go:embed assets/report.html
	reportHTML string
	//go:embed assets/evidence.html
	evidenceHTML string
	//go:embed assets/report.css
	reportCSS string
	//go:embed assets/report.js
	reportJS string
)

// generator is the mark by which Assay knows its own pages.
const generator = `<meta name="generator" content="Assay">`

// layout holds the template "layout", which calls a template "main" with Data.
var layout = template.Must(template.New("").Funcs(functions).Parse(layoutHTML + symbolsHTML))

// reportTemplate is the layout with the "main" of one report.
var reportTemplate = template.Must(template.Must(layout.Clone()).Parse(reportHTML + evidenceHTML))

// A document is one page. Its styles and its script are part of it, and nothing
// else is loaded.
type document struct {
	Title string
	Icon  template.URL // a data: URL
	Data  any          // for the template "main"

	styles []string
	script string
}

// Style returns the style sheet.
func (d document) Style() template.CSS {
	return template.CSS("\n" + strings.Join(d.styles, "\n"))
}

// Script returns the script.
func (d document) Script() template.JS { return template.JS("\n" + d.script) }

// PolicyAttribute returns the policy as an attribute of a meta element.
func (d document) PolicyAttribute() template.HTMLAttr {
	return template.HTMLAttr(`content="` + d.policy() + `"`)
}

// policy returns the Content-Security-Policy. It allows this style sheet, this
// script, and the icon.
func (d document) policy() string {
	return "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; " +
		"style-src " + hash(string(d.Style())) + "; script-src " + hash(string(d.Script()))
}

// write executes a template that is made from [layout].
func (d document) write(w io.Writer, t *template.Template) error {
	return t.ExecuteTemplate(w, "layout", d)
}

// hash returns the source expression that allows a text in a policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
