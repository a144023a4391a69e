package submission

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"assay/scenarios"
	"assay/suite/internal/badge"
	"assay/suite/internal/page"
	"assay/suite/report"
)

// Schema is the version of submission.json. Additional optional members do not
// change it.
const Schema = 1

// The names of the files of a submission.
const (
	File       = "submission.json"
	ReportFile = report.ReportFile
	PageFile   = page.File
	TargetFile = "target.yaml"
	BadgeFile  = "badge.svg"
	ReadmeFile = "README.md"
)

// The largest sizes of the files, in bytes.
const (
	MaxReport = 400_000
	MaxTarget = 200_000
	maxPage   = 2_000_000
	maxOther  = 400_000
)

// Submission is the content of submission.json: what the report does not say.
type Submission struct {
	Schema int    `json:"schema"`
	Assay  string `json:"assay"` // the version that wrote the folder
	// ServerVersion is the version of the server in the words of who sends the
	// folder; "" if the version in the report says it.
	ServerVersion string `json:"server_version,omitempty"`
	// Command repeats the run in the folder.
	Command string `json:"command"`
	// LeftOut says what report.json lacks of the report of the run.
	LeftOut []string `json:"left_out,omitempty"`
}

// Content holds what a submission is made of.
type Content struct {
	Report        *report.Report
	Target        []byte // the text of the target file
	ServerVersion string // see [Submission.ServerVersion]
	Assay         string // the version of Assay
	Page          bool   // with report.html
}

// Files returns the files of a submission by their names. It changes neither the
// report nor the target file: s replaces in copies what must not be sent.
func Files(c Content, s *Scrubber) (map[string][]byte, error) {
	// What is left out anyway need not be scrubbed.
	r, err := s.Report(steps[0].report(c.Report))
	if err != nil {
		return nil, err
	}
	r, leftOut, text, err := compact(r)
	if err != nil {
		return nil, err
	}
	target := []byte(s.Text(string(c.Target)))
	if len(target) > MaxTarget {
		return nil, fmt.Errorf("%s: found %d bytes, expected at most %d",
			TargetFile, len(target), MaxTarget)
	}
	meta := Submission{
		Schema: Schema, Assay: c.Assay, ServerVersion: s.Text(c.ServerVersion),
		Command: Command(r), LeftOut: leftOut,
	}
	files := map[string][]byte{ReportFile: text, TargetFile: target}
	if files[File], err = encode(meta, " "); err != nil {
		return nil, err
	}
	if c.Page {
		var b bytes.Buffer
		if err := page.Render(&b, r); err != nil {
			return nil, fmt.Errorf("%s: %w", PageFile, err)
		}
		files[PageFile] = b.Bytes()
	}
	return files, Derive(files)
}

// Derive adds the files that follow from the others: the badge and the README.
func Derive(files map[string][]byte) error {
	meta, r, err := decode(files)
	if err != nil {
		return err
	}
	var b, text bytes.Buffer
	if err := errors.Join(badge.Of(r).Write(&b), writeReadme(&text, meta, r, files)); err != nil {
		return err
	}
	files[BadgeFile], files[ReadmeFile] = b.Bytes(), text.Bytes()
	return nil
}

// decode reads submission.json and report.json.
func decode(files map[string][]byte) (Submission, *report.Report, error) {
	meta, err := decodeMeta(files[File])
	if err != nil {
		return meta, nil, err
	}
	r, err := report.Decode(files[ReportFile])
	if err != nil {
		return meta, nil, fmt.Errorf("%s: %w", ReportFile, err)
	}
	return meta, r, nil
}

func decodeMeta(text []byte) (Submission, error) {
	var meta Submission
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&meta); err != nil {
		return meta, fmt.Errorf("%s: expected the members of a submission: %w", File, err)
	}
	if meta.Schema != Schema {
		return meta, fmt.Errorf("%s: found schema %d, expected %d", File, meta.Schema, Schema)
	}
	return meta, nil
}

// encode returns a value as JSON that ends with a line break.
func encode(value any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(value)
	return b.Bytes(), err
}

// ahead returns how many requirements of a catalogue a report does not have.
func ahead(c *scenarios.Catalogue, r *report.Report) int {
	known := map[string]bool{}
	for i := range r.Results {
		known[r.Results[i].ID] = true
	}
	n := 0
	for _, req := range c.Requirements() {
		if !known[req.ID] {
			n++
		}
	}
	return n
}
