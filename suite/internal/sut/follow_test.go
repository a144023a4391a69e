package sut

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// TestLogFile follows a file that appears late, is renamed, emptied and left with
// a line that has no end.
func TestLogFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tt := fake(t, "log-to-file", func(tt *Target) {
		tt.Command[3] = "{{.Dir}}/server.log"
		tt.LogFile = "server.log"
	})
	ofFile := func(p *Process) (texts []string) {
		for _, line := range p.Log().Lines() {
			if line.Stream == File {
				texts = append(texts, line.Text)
			}
		}
		return texts
	}
	for start := range 2 { // what the first has left belongs to the first
		os.Remove(filepath.Join(dir, "server.log.rotate"))
		os.Remove(filepath.Join(dir, "server.log.empty"))
		l, err := tt.Prepare(Input{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		p, err := Start(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		wait := func(text string) {
			t.Helper()
			is := func(l Line) bool { return l.Text == text }
			if _, err := p.Log().Wait(t.Context(), text, is); err != nil {
				t.Fatal(err)
			}
		}
		let := func(step string) {
			if err := os.WriteFile(filepath.Join(dir, "server.log."+step), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		wait("two, in two parts")
		let("rotate")
		wait("in a new file")
		let("empty")
		wait("emptied, and longer than before")
		p.Stop(t.Context())
		want := []string{
			"one", "two, in two parts", "in a new file", "emptied, and longer than before", "no end",
		}
		if diff := cmp.Diff(want, ofFile(p)); diff != "" {
			t.Errorf("start %d: (-want +got)\n%s", start, diff)
		}
		if !l.Owns("server.log") || l.Owns("other.log") {
			t.Errorf("start %d: the log file, and no other, belongs to the server", start)
		}
	}
}

// A log file is followed through whatever tools do to it.
func TestFollow(t *testing.T) {
	t.Parallel()
	in := directory(t)
	path := in.Path("logs", "server.log")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	add := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		must(err)
		_, err = f.WriteString(text)
		must(err)
		must(f.Close())
	}
	l := newLog(time.Now())
	await := func(text string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := l.Wait(ctx, text, func(l Line) bool { return l.Text == text && l.Stream == File })
		must(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := follow(in, path, l)
	go f.run(ctx.Done())
	must(os.Mkdir(filepath.Dir(path), 0o700))
	add("first\n")
	await("first")
	add("in two ")
	add("parts\n")
	await("in two parts")
	add("before the rename\n")
	must(os.Rename(path, path+".1"))
	add("after the rename\n")
	await("after the rename")
	must(os.Truncate(path, 0))
	add("cut\n")
	await("cut")
	must(os.Remove(path))
	add("made again\n")
	await("made again")
	add("the end\nno line end")
	cancel()
	f.close()
	want := []string{"first", "in two parts", "before the rename", "after the rename", "cut",
		"made again", "the end", "no line end"}
	if got := texts(l.Lines()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFollowLeavesOutWhatIsThere(t *testing.T) {
	t.Parallel()
	in := directory(t)
	path := in.Path("server.log")
	if err := os.WriteFile(path, []byte("of an earlier start\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLog(time.Now())
	follow(in, path, l).close()
	if lines := l.Lines(); len(lines) > 0 {
		t.Errorf("got %q, want nothing", texts(lines))
	}
}

// directory opens a new directory until the test ends.
func directory(t *testing.T) *careful.Dir {
	t.Helper()
	in, err := careful.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// A server may make anything of its log file. Nothing of another file is taken for
// its log, and nothing keeps the log from being read.
func TestFollowIsCareful(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "shadow")
	if err := os.WriteFile(outside, []byte("root:secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		make func(path string) error
		want []string
	}{
		"pipe": {func(path string) error { return syscall.Mkfifo(path, 0o600) }, nil},
		"link out of the directory": {func(path string) error {
			return os.Symlink(outside, path)
		}, nil},
		"link in the directory": {func(path string) error {
			real := path + "-2026-11-26"
			return errors.Join(os.WriteFile(real, []byte("a line\n"), 0o600),
				os.Symlink(filepath.Base(real), path))
		}, []string{"a line"}},
		"sparse file": {func(path string) error {
			return errors.Join(os.WriteFile(path, []byte("first\n"), 0o600), os.Truncate(path, 1<<40),
				appendTo(path, "\nlast\n"))
		}, []string{
			"(1099494850566 bytes of the log file left out)",
			strings.Repeat("\x00", limits.LogLine) + " … (cut at 64 KiB)", "last",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := directory(t)
			l := newLog(time.Now())
			f := follow(in, in.Path("server.log"), l)
			if err := row.make(in.Path("server.log")); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() { defer close(done); f.catchUp(); f.close() }()
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Fatal("waited 20 s for the file to be read")
			}
			if got := texts(l.Lines()); !slices.Equal(got, row.want) {
				t.Errorf("got %.90q, want %.90q", got, row.want)
			}
		})
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
