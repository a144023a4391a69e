package sut

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	path := filepath.Join(t.TempDir(), "logs", "server.log")
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
	f := follow(path, l)
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
	path := filepath.Join(t.TempDir(), "server.log")
	if err := os.WriteFile(path, []byte("of an earlier start\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLog(time.Now())
	follow(path, l).close()
	if lines := l.Lines(); len(lines) > 0 {
		t.Errorf("got %q, want nothing", texts(lines))
	}
}
