package page

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"

	"assay/suite/internal/output"
	"assay/suite/report"
)

// File is the name of the page in the directory of a report.
const File = "report.html"

// Write stores the page of a report in the report's directory. The page appears
// at once or not at all. Write refuses to replace a file that Assay did not
// write. Errors name the file.
func Write(dir string, r *report.Report) error {
	var page bytes.Buffer
	if err := Render(&page, r); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, File), err)
	}
	return output.In(dir, checkOwner, func(d output.Dir) error {
		return d.Replace(File, page.Bytes())
	})
}

// Clear removes the page of an earlier run, so that it cannot be taken for that
// of a run that ends before it writes one. Clear refuses to remove a file that
// Assay did not write.
func Clear(dir string) error {
	return output.In(dir, checkOwner, func(d output.Dir) error { return d.Remove(File) })
}

// checkOwner refuses a file of another program. Some test runners call their
// own pages report.html too.
func checkOwner(d output.Dir) error {
	text, err := d.Read(File)
	if err == nil && text != nil && !bytes.Contains(text[:min(len(text), 4096)], []byte(generator)) {
		return fmt.Errorf("%s exists and is not a page of Assay: choose another directory", d.Path(File))
	}
	return err
}

// Render writes the page of a report. Links to files of evidence are relative to
// the report's directory. The evidence is shown as far as the page stays below
// two megabytes; the page says what it leaves out.
func Render(w io.Writer, r *report.Report) error {
	return Fit(w, ladder, func(w io.Writer, limits steps) error {
		cleaned := Clean(*r, limits.text)
		d := document{
			Title: title(&cleaned), Icon: iconOf(cleaned.Exit == report.ExitOK),
			Data:   newView(&cleaned, limits),
			styles: []string{baseCSS, reportCSS}, script: reportJS,
		}
		return d.write(w, reportTemplate)
	})
}
