package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/semver"

	"assay/scenarios"
	"assay/suite/internal/badge"
	"assay/suite/internal/matrix"
	"assay/suite/internal/page"
	"assay/suite/internal/render"
	"assay/suite/internal/submission"
	"assay/suite/report"
	"assay/suite/report/shards"
	"assay/suite/report/words"
	"assay/suite/upgrade/atlas"
)

// reportCommand prints the results of other commands. Its exit code is 0 even if the
// report has failures, because the command that wrote it returned their code.
type reportCommand struct {
	Files  []string `arg:"" name:"FILE.json" help:"A report, several to show side by side, an atlas, or the parts of a run (assay run --shard) or of an atlas."`
	Format string   `default:"text" enum:"text,markdown,html,json" help:"text, markdown, html or json. As text, an atlas or several reports are Markdown."`
	Out    string   `placeholder:"DIR" type:"path" help:"Directory for what was made of several files: an atlas as JSON and Markdown, a joined report, or a matrix as HTML and Markdown."`
	Badge  string   `placeholder:"FILE.svg" type:"path" help:"Write a badge of the report to this file, and print nothing."`
	MaxAge int      `placeholder:"DAYS" help:"In a matrix, show runs that are older as expired."`
}

func (c *reportCommand) Run() error {
	isAtlas, err := holdsAtlas(c.Files[0])
	if err != nil {
		return err
	}
	if isAtlas {
		return c.atlas()
	}
	reports, err := c.read()
	if err != nil {
		return err
	}
	if len(reports) > 1 && !shards.OfOneRun(reports) {
		return c.matrix(reports)
	}
	if c.MaxAge != 0 {
		return errors.New("--max-age: found one run, expected reports to show side by side")
	}
	r, err := c.one(reports)
	if err != nil {
		return err
	}
	if c.Badge != "" {
		return writeFile(c.Badge, badge.Of(r).Write)
	}
	switch c.Format {
	case "markdown":
		return render.WriteMarkdown(os.Stdout, r)
	case "html":
		return page.Render(os.Stdout, r)
	case "json":
		e := json.NewEncoder(os.Stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	style := render.Style{Color: isTerminal(os.Stdout), Dir: words.RelativePath(c.Out)}
	return render.WriteVerdict(os.Stdout, r, style)
}

// read returns all reports.
func (c *reportCommand) read() ([]*report.Report, error) {
	var all []*report.Report
	for _, name := range c.Files {
		switch isAtlas, err := holdsAtlas(name); {
		case err != nil:
			return nil, err
		case isAtlas:
			return nil, fmt.Errorf("%s: found an atlas, expected a report as %s", name, c.Files[0])
		}
		r, err := report.Read(name)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// one returns the only report, or the joined report of the parts of a run, which it
// stores if --out names a directory.
func (c *reportCommand) one(parts []*report.Report) (*report.Report, error) {
	if len(parts) == 1 {
		if c.Out != "" {
			return nil, fmt.Errorf("--out: found one report, %s, expected an atlas, or several reports",
				c.Files[0])
		}
		return parts[0], nil
	}
	whole, err := shards.Join(parts, c.Files)
	if err != nil || c.Out == "" {
		return whole, err
	}
	if err := shards.Store(c.Out, whole, c.Files); err != nil {
		return nil, err
	}
	return whole, page.Write(c.Out, whole)
}

// matrix prints reports side by side, or stores them as a page and as Markdown if
// --out names a directory.
func (c *reportCommand) matrix(reports []*report.Report) error {
	switch {
	case c.Badge != "":
		return fmt.Errorf("--badge: found %d reports, expected one, or the parts of one run",
			len(reports))
	case c.Format == "json":
		return fmt.Errorf("--format: found json for %d reports, expected text, markdown or html",
			len(reports))
	}
	m, err := c.newMatrix(reports)
	if err != nil {
		return err
	}
	switch {
	case c.Out != "":
		return errors.Join(
			os.MkdirAll(c.Out, 0o755),
			writeFile(filepath.Join(c.Out, "matrix.html"), m.WriteHTML),
			writeFile(filepath.Join(c.Out, "matrix.md"), m.WriteMarkdown))
	case c.Format == "html":
		return m.WriteHTML(os.Stdout)
	}
	return m.WriteMarkdown(os.Stdout)
}

// newMatrix returns the matrix of the reports. Its links are relative to the
// directory in which the matrix will be.
func (c *reportCommand) newMatrix(reports []*report.Report) (*matrix.Matrix, error) {
	catalogue, err := scenarios.Load()
	if err != nil {
		return nil, err
	}
	dir := c.Out
	if dir == "" {
		if dir, err = os.Getwd(); err != nil {
			return nil, err
		}
	}
	var sources []matrix.Source
	for i, r := range reports {
		s := matrix.Source{Report: r, Version: submission.ServerVersion(filepath.Dir(c.Files[i]))}
		s.Page, s.Anchors = matrix.Beside(dir, filepath.Dir(c.Files[i]))
		sources = append(sources, s)
	}
	return matrix.New(sources, matrix.Options{
		Now: time.Now(), MaxAge: time.Duration(c.MaxAge) * 24 * time.Hour,
		Catalogue: catalogue.Digest(),
	}), nil
}

// writeFile writes a file. It leaves the file as it is if its content cannot be made.
func writeFile(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// atlas joins the parts of an atlas and prints or stores the result.
func (c *reportCommand) atlas() error {
	switch found := "found an atlas in " + c.Files[0]; {
	case c.Format == "html":
		return fmt.Errorf("--format html: %s, expected a report", found)
	case c.Badge != "":
		return fmt.Errorf("--badge: %s, expected a report", found)
	case c.MaxAge != 0:
		return fmt.Errorf("--max-age: %s, expected reports to show side by side", found)
	}
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
