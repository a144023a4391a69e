// Package watch waits for changes of files.
package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long files have to stay as they are before a change counts: compilers
// write an executable in several steps.
const settle = 300 * time.Millisecond

// A Watcher watches a set of files. It watches their directories, because editors and
// compilers replace a file by another one of the same name.
type Watcher struct {
	notify *fsnotify.Watcher
	files  []string
	last   []stamp
}

// stamp identifies the content of a file as far as a look at its directory tells.
type stamp struct {
	found bool
	size  int64
	mode  os.FileMode
	time  time.Time
	link  string // where a symbolic link leads
}

// New returns a Watcher of files, which may be missing. Changes count from now on.
func New(files ...string) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	w := &Watcher{notify: notify}
	if err := w.Set(files...); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	return w, nil
}

// Set changes the files that are watched. Those that were watched before keep what was
// seen of them.
func (w *Watcher) Set(files ...string) error {
	var all []string
	for _, file := range files {
		abs, err := filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		if !slices.Contains(all, abs) {
			all = append(all, abs)
		}
		// The directory to which a link leads changes, not that of the link.
		for _, name := range []string{abs, resolved(abs)} {
			if err := w.notify.Add(filepath.Dir(name)); err != nil {
				return fmt.Errorf("watch: %s: %w", filepath.Dir(name), err)
			}
		}
	}
	before := map[string]stamp{}
	for i, file := range w.files {
		before[file] = w.last[i]
	}
	w.files = all
	w.last = w.look()
	for i, file := range all {
		if s, known := before[file]; known {
			w.last[i] = s // what changed since is still to be told
		}
	}
	return nil
}

func resolved(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

// Close ends the watching.
func (w *Watcher) Close() error { return w.notify.Close() }

// Wait waits until a file has another content than at the end of the last call, exists,
// and has not changed for a moment. It returns at once if that is so already. It returns
// the names of the files that changed, or the error of ctx.
func (w *Watcher) Wait(ctx context.Context) ([]string, error) {
	quiet := time.NewTimer(0) // a change may have happened before the call
	defer quiet.Stop()
	var before []stamp
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err, open := <-w.notify.Errors:
			if !open {
				return nil, errors.New("watch: the watcher was closed")
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // after which something has changed
				return nil, fmt.Errorf("watch: %w", err)
			}
			quiet.Reset(settle)
		case _, open := <-w.notify.Events:
			if !open {
				return nil, errors.New("watch: the watcher was closed")
			}
			quiet.Reset(settle)
		case <-quiet.C:
			now := w.look()
			changed := w.changed(now)
			switch {
			case len(changed) == 0 || w.missing(now):
				before = nil
			case slices.Equal(now, before): // unchanged since the last look
				w.last = now
				return changed, nil
			default:
				before = now
				quiet.Reset(settle)
			}
		}
	}
}

// look returns the stamps of all files.
func (w *Watcher) look() []stamp {
	stamps := make([]stamp, len(w.files))
	for i, file := range w.files {
		if info, err := os.Stat(file); err == nil {
			stamps[i] = stamp{true, info.Size(), info.Mode(), info.ModTime(), resolved(file)}
		}
	}
	return stamps
}

func (w *Watcher) changed(now []stamp) []string {
	var names []string
	for i, s := range now {
		if s != w.last[i] {
			names = append(names, w.files[i])
		}
	}
	return names
}

// missing reports whether a file is missing: it is about to be made or replaced.
func (w *Watcher) missing(now []stamp) bool {
	return slices.ContainsFunc(now, func(s stamp) bool { return !s.found })
}
