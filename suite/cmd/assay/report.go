package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/semver"
	"golang.org/x/term"

	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/upgrade/atlas"
)

// reportCommand prints the results of other commands. Its exit code is 0 even if the
// report has failures, because the command that wrote it returned their code.
type reportCommand struct {
	Files  []string `arg:"" name:"FILE.json" help:"A report, an atlas, or parts of an atlas."`
	Format string   `default:"text" enum:"text,markdown,json" help:"text, markdown or json. An atlas as text is Markdown."`
	Out    string   `placeholder:"DIR" type:"path" help:"Directory to write an atlas to, as JSON and Markdown, instead of printing it."`
}

func (c *reportCommand) Run() error {
	isAtlas, err := holdsAtlas(c.Files[0])
	if err != nil {
		return err
	}
	if isAtlas || len(c.Files) > 1 {
		return c.atlas()
	}
	if c.Out != "" {
		return fmt.Errorf("--out: found the report %s, expected an atlas", c.Files[0])
	}
	r, err := report.Read(c.Files[0])
	if err != nil {
		return err
	}
	switch c.Format {
	case "markdown":
		return render.WriteMarkdown(os.Stdout, r)
	case "json":
		e := json.NewEncoder(os.Stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	style := render.Style{Color: term.IsTerminal(int(os.Stdout.Fd()))}
	return render.WriteVerdict(os.Stdout, r, style)
}

// atlas joins the parts of an atlas and prints or stores the result.
func (c *reportCommand) atlas() error {
	var notes map[string][]atlas.Note
	if c.Out != "" {
		var err error
		if notes, err = readNotes(c.Out, semver.IsValid); err != nil {
			return err
		}
	}
	var parts []*atlas.Atlas
	for _, name := range c.Files {
		part, err := atlas.Read(name)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	whole, err := atlas.Join(parts, c.Files)
	if err != nil {
		return err
	}
	switch {
	case c.Out != "":
		return store(whole, c.Out, notes)
	case c.Format == "json":
		return whole.WriteJSON(os.Stdout)
	}
	return whole.WriteMarkdown(os.Stdout)
}

// holdsAtlas reports whether a file holds an atlas, and not a report.
func holdsAtlas(name string) (bool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	var content struct {
		Releases json.RawMessage `json:"releases"`
	}
	if err := json.Unmarshal(text, &content); err != nil {
		return false, fmt.Errorf("%s: expected a report or an atlas: %w", name, err)
	}
	return content.Releases != nil, nil
}
