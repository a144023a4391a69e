package page

import (
	"bytes"
	"html/template"
	"io"
)

// A Frame is a page of another package, with the layout and the styles of every
// page of Assay. It has no script.
type Frame struct {
	Title string
	Good  bool   // the icon is a tick, and a cross otherwise
	Style string // besides that of every page
	Data  any    // for the template
}

// Template returns a template for [Frame.Write]. text defines the template "main",
// and may use the templates "symbol" and "kind", which take a [Kind]. Template
// panics if the text is no template.
func Template(text string, functions template.FuncMap) *template.Template {
	return template.Must(template.Must(layout.Clone()).Funcs(functions).Parse(text))
}

// Write writes the page with a template that [Template] made.
func (f Frame) Write(w io.Writer, t *template.Template) error {
	d := document{
		Title: f.Title, Icon: iconOf(f.Good), Data: f.Data,
		styles: []string{baseCSS, f.Style},
	}
	return d.write(w, t)
}

// maxSize is the size in bytes that a page does not exceed as long as something in it
// can be shortened.
const maxSize = 1_900_000

// Fit writes a page that a browser can open. It calls render with one limit of the
// ladder after the other, until the page has less than two megabytes, and writes the
// last page that was made. It writes nothing if render fails.
func Fit[Limit any](
	w io.Writer, ladder []Limit, render func(w io.Writer, limit Limit) error,
) error {
	var page bytes.Buffer
	for _, limit := range ladder {
		page.Reset()
		if err := render(&page, limit); err != nil {
			return err
		}
		if page.Len() <= maxSize {
			break
		}
	}
	_, err := w.Write(page.Bytes())
	return err
}
