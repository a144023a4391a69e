package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/term"

	"assay/suite"
	"assay/suite/internal/progress"
	"assay/suite/internal/render"
	"assay/suite/report"
	"assay/suite/report/words"
)

// show prints the progress of runs, and decides how their verdicts are printed.
type show struct {
	file     *os.File
	settings progress.Settings
	display  *progress.Display // nil for --quiet
	discards bool              // the report of the run is not kept
}

// newShow returns the show on standard output. A terminal that can move its cursor
// gets a live line.
func newShow(quiet bool, out string) *show {
	s := showOn(os.Stdout)
	s.settings.Dir = words.RelativePath(out)
	if !quiet {
		s.begin()
	}
	return s
}

// newLine returns a show of the live line alone, for commands that say themselves what
// came of a run. It shows nothing where there is no terminal.
func newLine(file *os.File) *show {
	s := showOn(file)
	s.settings.LineOnly = true
	if s.settings.Live {
		s.begin()
	}
	return s
}

func showOn(file *os.File) *show {
	canMove := isTerminal(file) && os.Getenv("TERM") != "dumb" && os.Getenv("TERM") != ""
	return &show{file: file, settings: progress.Settings{
		Live:  canMove,
		Color: canMove && os.Getenv("NO_COLOR") == "",
		Width: columns(file),
	}}
}

// begin makes the display.
func (s *show) begin() {
	s.display = progress.New(s.file, s.settings)
	if isTerminal(s.file) {
		resized := make(chan os.Signal, 1)
		signal.Notify(resized, syscall.SIGWINCH)
		go func() {
			for range resized {
				s.display.Resize(columns(s.file))
			}
		}()
	}
}

// isTerminal reports whether a file is a terminal.
func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// columns returns the width of the terminal; without one that of COLUMNS, and 0 if that
// is not known either.
func columns(file *os.File) int {
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		return width
	}
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || width < 1 {
		return 0
	}
	return width
}

// execute runs the suite once and shows it.
func (s *show) execute(
	ctx context.Context, o suite.Options, log io.Writer,
) (*report.Report, error) {
	if s.display == nil {
		return suite.Execute(ctx, o, log)
	}
	// A reader of the output that ends, such as head(1), does not end the run before its
	// report is written. The signal is caught instead of ignored, because the processes of
	// the run would inherit that it is ignored.
	closed := make(chan os.Signal, 1)
	signal.Notify(closed, syscall.SIGPIPE)
	defer signal.Stop(closed)
	defer s.follow(&o)()
	return suite.Execute(ctx, o, log)
}

// follow makes the display show a run with these options. The function that it returns
// removes the live line when the run has ended.
func (s *show) follow(o *suite.Options) (end func()) {
	if s.display == nil {
		return func() {}
	}
	o.Progress = s.display.Event
	if s.discards {
		o.Progress = func(e report.Event) { s.display.Event(withoutFiles(e)) }
	}
	return s.display.End
}

// withoutFiles returns an event that names no files of evidence.
func withoutFiles(e report.Event) report.Event {
	if e.Failure == nil || e.Failure.Evidence == nil {
		return e
	}
	failure, evidence := *e.Failure, *e.Failure.Evidence
	evidence.Dir = ""
	failure.Evidence = &evidence
	e.Failure = &failure
	return e
}

// style returns how a verdict is written after the runs.
func (s *show) style() render.Style {
	style := render.Style{
		Color: s.settings.Color,
		Width: render.Columns(columns(s.file)),
		Dir:   s.settings.Dir,
	}
	if s.display != nil {
		style.Printed = s.display.Printed
	}
	return style
}

// inShort returns the one line that --quiet leaves of a run that failed.
func inShort(r *report.Report) string {
	if r.Error != "" {
		return fmt.Sprintf("assay: %s → exit %d", words.Printable(words.Headline(r.Error)), r.Exit)
	}
	return "assay: " + render.Closing(r)
}
