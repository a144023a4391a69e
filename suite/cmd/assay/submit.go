package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"assay/fixtures/targets"
	"assay/scenarios"
	"assay/suite"
	"assay/suite/internal/page"
	"assay/suite/internal/submission"
	"assay/suite/internal/sut"
	"assay/suite/report"
	"assay/suite/report/words"
)

type submitCommand struct {
	Report        string `default:"assay-report" placeholder:"DIR" type:"path" help:"Directory of the report."`
	Target        string `placeholder:"FILE|NAME" help:"Target file of the run, or the name of a built-in target (default: the built-in target of the report's name)."`
	ServerVersion string `placeholder:"VERSION" help:"Version of the server, if its own output does not say it."`
	To            string `default:"assay-submission" placeholder:"DIR" type:"path" help:"Directory for the submission."`
	Check         string `placeholder:"DIR" type:"path" help:"Check the submission in this directory instead."`
}

func (c *submitCommand) Run() error {
	catalogue, err := scenarios.Load()
	if err != nil {
		return err
	}
	if c.Check != "" {
		return checkSubmission(c.Check, catalogue)
	}
	r, err := report.Read(filepath.Join(c.Report, report.ReportFile))
	if err != nil {
		return err
	}
	target, err := c.targetFile(r, catalogue)
	if err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(c.Report, page.File))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	content := submission.Content{
		Report: r, Target: target, ServerVersion: c.ServerVersion, Assay: suite.Version(),
		Page: err == nil,
	}
	files, err := submission.Files(content, submission.NewScrubber(privateParts(c.Report)))
	if err != nil {
		return err
	}
	if err := submission.Write(c.To, files); err != nil {
		return err
	}
	return checkSubmission(c.To, catalogue)
}

// checkSubmission checks a submission and prints what is worth knowing.
func checkSubmission(dir string, catalogue *scenarios.Catalogue) error {
	notes, err := submission.Check(dir, catalogue)
	for _, note := range notes {
		fmt.Println("note:", words.Printable(note))
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s: the submission is complete\n", words.RelativePath(dir))
	return nil
}

// targetFile returns the text of the target file that belongs to a report.
func (c *submitCommand) targetFile(r *report.Report, all *scenarios.Catalogue) ([]byte, error) {
	name := c.Target
	if name == "" {
		name = r.Target.Name
		if !slices.Contains(sut.Names(), name) {
			return nil, fmt.Errorf("--target: found nothing for the target %q, expected its target file "+
				"or the name of a built-in target", name)
		}
	}
	t, err := sut.Load(name, all.Knows)
	if err != nil {
		return nil, err
	}
	if t.Name != r.Target.Name {
		return nil, fmt.Errorf("--target: found the target file of %q, expected that of %q, which the "+
			"report is about", t.Name, r.Target.Name)
	}
	if t.File == "" {
		return targets.Files.ReadFile(name + ".yaml")
	}
	return os.ReadFile(t.File)
}

// secretName matches the name of a variable whose value may be secret.
var secretName = regexp.MustCompile(`(?i)passw|secret|token|api_?key|credential|private`)

// privateParts returns what this machine has that must not be sent.
func privateParts(dir string) submission.Private {
	var p submission.Private
	p.Host, _ = os.Hostname() // without a name there is none to hide
	for _, name := range []func() (string, error){os.UserHomeDir, os.Getwd} {
		if path, err := name(); err == nil {
			p.Dirs = append(p.Dirs, path)
		}
	}
	p.Dirs = append(p.Dirs, dir)
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); secretName.MatchString(name) {
			p.Secrets = append(p.Secrets, value)
		}
	}
	return p
}
