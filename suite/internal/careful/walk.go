package careful

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"assay/suite/internal/limits"
)

// Excess says that a directory holds more than a walk visits.
type Excess struct{ Dir, Found string }

// Error names the directory and the limit.
func (e *Excess) Error() string {
	return fmt.Sprintf("%s: found %s, expected at most %d files, %d directories deep",
		e.Dir, e.Found, limits.Files, limits.Deep)
}

// Walk calls visit for everything below a directory, in lexical order, with its name,
// which is relative as the names of the [Dir] are. It follows no links, and leaves out
// what cannot be read and what is removed meanwhile. If there is more than the limits of
// a walk allow, it visits a part and returns an *[Excess]. It returns the first error of
// visit; [fs.SkipDir] and [fs.SkipAll] mean what they mean to [fs.WalkDir].
func (d *Dir) Walk(name string, visit func(name string, entry fs.DirEntry) error) error {
	rel, err := d.below(name)
	if err != nil {
		return err
	}
	w := &walk{dir: d, visit: visit}
	err = w.into(rel, 0)
	if err == nil && w.excess != "" {
		err = &Excess{Dir: d.whole(rel), Found: w.excess}
	}
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

type walk struct {
	dir    *Dir
	visit  func(name string, entry fs.DirEntry) error
	seen   int
	excess string // what was more than the limits allow
}

// into visits what lies in a directory.
func (w *walk) into(name string, depth int) error {
	if depth == limits.Deep {
		w.excess = "a deeper directory"
		return nil
	}
	if w.seen == limits.Files {
		w.excess = "more files"
		return nil
	}
	entries := w.entries(name)
	for _, entry := range entries {
		full := filepath.Join(name, entry.Name())
		shown, err := filepath.Rel(w.dir.base, full)
		if err != nil {
			return err
		}
		err = w.visit(shown, entry)
		switch {
		case errors.Is(err, fs.SkipDir) && entry.IsDir():
			continue
		case errors.Is(err, fs.SkipDir):
			return nil
		case err != nil:
			return err
		}
		if !entry.IsDir() {
			continue
		}
		if err := w.into(full, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// entries lists a directory, as far as the limit of files allows.
func (w *walk) entries(name string) []fs.DirEntry {
	file, err := w.dir.root.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY|openFlags, 0)
	if err != nil {
		return nil
	}
	defer file.Close()
	var all []fs.DirEntry
	for {
		some, err := file.ReadDir(256)
		room := limits.Files - w.seen
		if len(some) > room {
			w.excess = "more files"
			some = some[:room]
		}
		w.seen += len(some)
		all = append(all, some...)
		if err != nil || len(some) == room { // io.EOF, or what cannot be read
			break
		}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}
