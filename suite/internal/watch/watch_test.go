package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// wait waits for a change with a deadline.
func wait(t *testing.T, w *Watcher) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	changed, err := w.Wait(ctx)
	if err != nil {
		t.Fatalf("waited for a change: %v", err)
	}
	return changed
}

func TestWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, target := filepath.Join(dir, "server"), filepath.Join(dir, "target.yaml")
	write(t, server, "one")
	write(t, target, "one")
	for name, tt := range map[string]struct {
		change func()
		want   []string
	}{
		"written":  {func() { write(t, server, "two and more") }, []string{server}},
		"replaced": {func() { replace(t, target, "another text") }, []string{target}},
		"removed and made again": {func() {
			if err := os.Remove(server); err != nil {
				t.Fatal(err)
			}
			write(t, server, "a third text")
		}, []string{server}},
	} {
		w, err := New(server, target)
		if err != nil {
			t.Fatal(err)
		}
		tt.change() // before the call of Wait, as during a run
		if got := wait(t, w); !slices.Equal(got, tt.want) {
			t.Errorf("%s: found %q, expected %q", name, got, tt.want)
		}
		changed := make(chan []string)
		go func() { changed <- wait(t, w) }()
		replace(t, target, name)
		if got := <-changed; !slices.Equal(got, []string{target}) {
			t.Errorf("%s: found %q, expected the target file", name, got)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

func replace(t *testing.T, name, text string) {
	t.Helper()
	write(t, name+".new", text)
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// TestWaitIgnoresOtherFiles checks that a change of a file beside the watched one, and
// a file that is missing, do not count.
func TestWaitIgnoresOtherFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := filepath.Join(dir, "server")
	write(t, server, "one")
	w, err := New(server)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write(t, filepath.Join(dir, "other"), "x")
	ctx, cancel := context.WithTimeout(t.Context(), 3*settle)
	defer cancel()
	if changed, err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("found %q, %v; expected to wait", changed, err)
	}
}

func TestWaitThroughALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "build"), 0o755); err != nil {
		t.Fatal(err)
	}
	built, link := filepath.Join(dir, "build/server"), filepath.Join(dir, "server")
	write(t, built, "one")
	if err := os.Symlink(built, link); err != nil {
		t.Fatal(err)
	}
	w, err := New(link)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	replace(t, built, "two and more")
	if got := wait(t, w); !slices.Equal(got, []string{link}) {
		t.Errorf("found %q, expected the link", got)
	}
}

// TestSetKeepsWhatWasSeen checks that a change is told although the set of files changes
// after it, as when a target file names another server.
func TestSetKeepsWhatWasSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, target := filepath.Join(dir, "server"), filepath.Join(dir, "target.yaml")
	write(t, server, "one")
	write(t, target, "one")
	w, err := New(target)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write(t, target, "two and more")
	if err := w.Set(server, target); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, w); !slices.Equal(got, []string{target}) {
		t.Errorf("found %q, expected the target file", got)
	}
}
