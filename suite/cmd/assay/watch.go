package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"assay/scenarios"
	"assay/suite"
	"assay/suite/internal/render"
	"assay/suite/internal/selection"
	"assay/suite/internal/sut"
	"assay/suite/internal/watch"
	"assay/suite/report"
	"assay/suite/report/words"
)

// watchCommand runs the suite again whenever the server changes.
type watchCommand struct {
	targetFlags
	Only    []string `placeholder:"GLOB" sep:"," help:"Run only these requirements: HTTP01-*, BYO-02/dot-dot, in upper or lower case."`
	Skip    []string `placeholder:"GLOB" sep:"," help:"Leave these requirements out."`
	Profile []string `placeholder:"P" sep:"," help:"Run only these profiles of those that the target claims."`
	Out     string   `default:"assay-report" placeholder:"DIR" type:"path" help:"Directory for the report of the last run."`
	World   string   `default:"auto" enum:"auto,namespace,loopback" help:"Where targets run: auto, namespace or loopback."`
	Procs   int      `placeholder:"N" help:"Number of worker processes (default: eight for each CPU, at most 40)."`
	Strict  bool     `help:"A SHOULD that fails counts as a failure."`

	line *show
}

// Run runs the selection once. Whenever the executable or the target file changes, it
// runs what failed again, and the selection if all of that passes or nothing had failed.
// It ends at a signal, with exit code 0.
func (c *watchCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	bin, err := c.executable(c.say)
	if err != nil {
		return err
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return err
	}
	if _, err := catalogue.Select(append(append([]string{}, c.Only...), c.Skip...)); err != nil {
		return err
	}
	files, err := c.files(bin)
	if err != nil {
		return err
	}
	changes, err := watch.New(files...)
	if err != nil {
		return err
	}
	defer changes.Close()
	c.line = newLine(os.Stdout)
	var failing []string
	for {
		failing = c.round(ctx, catalogue, bin, failing)
		if ctx.Err() != nil {
			c.say("")
			return nil
		}
		if now, err := c.files(bin); err == nil { // else the files of before
			files = now
			if err := changes.Set(files...); err != nil {
				return err
			}
		}
		c.say("waiting for a change of %s (Ctrl-C ends)", strings.Join(relative(files), ", "))
		changed, err := changes.Wait(ctx)
		switch {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return err
		}
		c.say("\n%s changed", strings.Join(relative(changed), ", "))
	}
}

// round runs what failed before, and the whole selection if that passes or nothing
// failed. It returns what failed now.
func (c *watchCommand) round(
	ctx context.Context, catalogue *scenarios.Catalogue, bin string, failing []string,
) []string {
	for {
		again := len(failing) > 0
		r := c.try(ctx, bin, failing)
		if r == nil || ctx.Err() != nil {
			return failing // nothing was judged
		}
		failing = selection.LastFailed(r, catalogue)
		if !again || len(failing) > 0 || r.Exit != report.ExitOK {
			return failing
		}
		c.say("what failed passes; running the whole selection")
	}
}

// try runs the suite and prints what failed. It returns nil if nothing was judged.
func (c *watchCommand) try(ctx context.Context, bin string, failing []string) *report.Report {
	o := suite.Options{
		Target: c.Target, Bin: bin, Env: c.Env, Only: c.Only, Skip: c.Skip, Profiles: c.Profile,
		Out: c.Out, World: c.World, Procs: c.Procs, Strict: c.Strict,
	}
	if len(failing) > 0 {
		o.Only = failing
	}
	var log bytes.Buffer
	r, err := c.line.execute(ctx, o, &log)
	switch {
	case err != nil:
		c.say("%s  %v", clock(), err)
		return nil
	case ctx.Err() != nil:
		return nil
	}
	if c.print(r) != nil {
		return nil
	}
	return r
}

// print prints what failed and the counts, in colours and wrapped on a terminal.
func (c *watchCommand) print(r *report.Report) error {
	style := newShow(true, c.Out).style()
	width := style.Width
	if !isTerminal(os.Stdout) {
		width = math.MaxInt32 // programs search the lines
	}
	t := words.NewTerminal(os.Stdout, width, style.Color)
	for i := range r.Results {
		x := &r.Results[i]
		if x.Fails(r.Strict) {
			t.Line("  " + t.Paint(words.Red, x.ID) + "  " + words.Printable(x.Title))
			t.Prose("      ", x.Reason)
		}
	}
	if r.Error != "" {
		t.Lines("", r.Error)
	}
	color := words.Green
	if r.Exit != report.ExitOK {
		color = words.Red
	}
	t.Line(t.Paint(color, clock()+"  "+render.Closing(r)))
	return t.Flush()
}

// say prints a line.
func (*watchCommand) say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func clock() string { return time.Now().Format(time.TimeOnly) }

// files returns the files that make the server: the target file, its executable, and
// files that its command names, such as a script.
func (c *watchCommand) files(bin string) ([]string, error) {
	t, err := sut.Load(c.Target, nil)
	if err != nil {
		return nil, err
	}
	if bin != "" {
		t.SetBinary(bin)
	}
	if err := t.Resolve(); err != nil {
		return nil, err
	}
	files := []string{t.Command[0]}
	if t.Executable != "" {
		files = append(files, t.Executable)
	}
	if t.File == "" {
		return files, nil
	}
	files = append(files, t.File)
	for _, word := range t.Command[1:] {
		name := strings.ReplaceAll(word, "{{.TargetDir}}", filepath.Dir(t.File))
		if info, err := os.Stat(name); err == nil && filepath.IsAbs(name) && info.Mode().IsRegular() {
			files = append(files, name)
		}
	}
	return files, nil
}

func relative(paths []string) []string {
	var all []string
	for _, path := range paths {
		all = append(all, words.RelativePath(path))
	}
	return all
}
