package submission

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
	"assay/suite/report/words"
)

// Check reads the submission in a directory and holds it to the rules: the files,
// their sizes and schemas, a target file that loads and belongs to the report, a
// catalogue that is known, nothing secret, and texts that follow from the report.
// The error joins all mistakes. The notes say what is worth knowing of a
// submission that is right: another catalogue, a partial run.
func Check(dir string, catalogue *scenarios.Catalogue) (notes []string, err error) {
	files, err := Read(dir)
	if err != nil {
		return nil, err
	}
	meta, r, err := decode(files)
	if err != nil {
		return nil, fmt.Errorf("submission: %s: %w", dir, err)
	}
	var mistakes []error
	add := func(name string, err error) {
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("submission: %s: %w", filepath.Join(dir, name), err))
		}
	}
	add(File, checkMeta(meta, r))
	note, err := checkCatalogue(r, catalogue)
	add(ReportFile, err)
	notes = append(notes, note...)
	notes = append(notes, partial(r)...)
	add(TargetFile, checkTarget(filepath.Join(dir, TargetFile), r, catalogue))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		add(name, checkSecrets(name, files[name]))
	}
	derived := maps.Clone(files)
	if err := Derive(derived); err != nil {
		return notes, err
	}
	for _, name := range []string{BadgeFile, ReadmeFile} {
		if !bytes.Equal(derived[name], files[name]) {
			add(name, errors.New("found another text than follows from the report, expected that of "+
				"assay submit"))
		}
	}
	return notes, errors.Join(mistakes...)
}

func checkMeta(meta Submission, r *report.Report) error {
	var mistakes []error
	if meta.Assay == "" {
		mistakes = append(mistakes, errors.New("assay: found nothing, expected the version of Assay"))
	}
	if want := Command(r); meta.Command != want {
		mistakes = append(mistakes,
			fmt.Errorf("command: found %q, expected %q, which follows from the report", meta.Command, want))
	}
	if meta.ServerVersion == "" && words.OneLine(r.Target.Version) == "" {
		mistakes = append(
			mistakes,
			errors.New("server_version: found nothing, and no version in the report, "+
				"expected one: assay submit --server-version"),
		)
	}
	return errors.Join(mistakes...)
}

var digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// checkCatalogue holds the results of a report to the catalogue. A report of the
// present catalogue has all of its requirements, and one of an older catalogue no
// others.
func checkCatalogue(r *report.Report, c *scenarios.Catalogue) (notes []string, err error) {
	var mistakes []error
	if !digest.MatchString(r.Suite.Catalogue) {
		mistakes = append(mistakes, fmt.Errorf("suite.catalogue: found %q, expected sha256: and 64 "+
			"hexadecimal digits", r.Suite.Catalogue))
	}
	present := r.Suite.Catalogue == c.Digest()
	for _, x := range r.Results {
		req, _, known := c.Find(x.ID)
		switch {
		case !known || req.ID != x.ID:
			mistakes = append(mistakes,
				fmt.Errorf("results: found %q, expected an ID of the catalogue", x.ID))
		case present && (x.Level != req.Level || x.Title != req.Title):
			mistakes = append(
				mistakes,
				fmt.Errorf("results: %s: found %s, %q, expected %s, %q as in the catalogue",
					x.ID, x.Level, x.Title, req.Level, req.Title),
			)
		}
	}
	if n := ahead(c, r); n > 0 && present {
		mistakes = append(
			mistakes,
			fmt.Errorf("results: found no result for %d requirements of its catalogue, "+
				"expected one for each", n),
		)
	} else if !present {
		note := "the run was judged by another catalogue than the present one"
		if n > 0 {
			note += fmt.Sprintf(", which has %d more requirements", n)
		}
		notes = append(notes, note)
	}
	return notes, errors.Join(mistakes...)
}

// partial says why a run does not speak for the whole server.
func partial(r *report.Report) []string {
	var notes []string
	if r.Interrupted {
		notes = append(notes, "a signal ended the run")
	}
	if r.Error != "" {
		notes = append(notes, "the run failed: "+words.Headline(r.Error))
	}
	if r.Stopped != "" {
		notes = append(notes, "the run ended early: "+words.OneLine(r.Stopped))
	}
	t := r.Tally()
	if t.LeftOut > 0 {
		claimed := len(r.Results) - t.NotClaimed
		notes = append(notes, fmt.Sprintf(
			"the run was asked to try %d of the %d requirements that the server claims",
			claimed-t.LeftOut, claimed,
		))
	}
	return notes
}

// checkTarget loads the target file and compares it with the report.
func checkTarget(path string, r *report.Report, c *scenarios.Catalogue) error {
	t, err := sut.Load(path, c.Knows)
	if err != nil {
		return err
	}
	if t.Name != r.Target.Name {
		return fmt.Errorf("name: found %q, expected %q as in the report", t.Name, r.Target.Name)
	}
	found, want := strings.Join(t.Profiles, ", "), strings.Join(r.Target.Profiles, ", ")
	if found != want {
		return fmt.Errorf("profiles: found %s, expected %s as in the report", found, want)
	}
	return nil
}

// checkSecrets refuses a text that a Scrubber would change. Of the page only the
// forms of private keys count: it holds what the report holds.
func checkSecrets(name string, text []byte) error {
	if name == BadgeFile || name == PageFile {
		if bytes.Contains(text, []byte("PRIVATE KEY-----")) {
			return errors.New("found a private key, expected none")
		}
		return nil
	}
	if name == ReportFile {
		r, err := report.Decode(text)
		if err != nil {
			return err
		}
		clean, err := new(Scrubber).Report(r)
		if err != nil {
			return err
		}
		before, errBefore := encode(r, "")
		after, errAfter := encode(clean, "")
		if err := errors.Join(errBefore, errAfter); err != nil {
			return err
		}
		return changed(string(before), string(after))
	}
	return changed(string(text), new(Scrubber).Text(string(text)))
}

// changed describes the first place where two texts differ, without quoting what
// may be secret.
func changed(before, after string) error {
	if before == after {
		return nil
	}
	at := 0
	for at < len(before) && at < len(after) && before[at] == after[at] {
		at++
	}
	rest := after[at:]
	if i := strings.LastIndexAny(after[:at], "\"\n "); i >= 0 {
		rest = after[i+1:]
	}
	return fmt.Errorf("line %d: found a secret or a path of a machine, expected %q in its place",
		strings.Count(before[:at], "\n")+1, words.Cut(words.OneLine(rest), 60))
}
