package sut

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

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
	ended := l.Follow(ctx, path)
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
	<-ended
	want := []string{"first", "in two parts", "before the rename", "after the rename", "cut", "made again", "the end", "no line end"}
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
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	<-l.Follow(ctx, path)
	if lines := l.Lines(); len(lines) > 0 {
		t.Errorf("got %q, want nothing", texts(lines))
	}
}
