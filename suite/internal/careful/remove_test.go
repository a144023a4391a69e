package careful

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRemoveAll(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "kept"), nil, 0o600))
	for name, fill := range map[string]func(t *testing.T, path string){
		"nothing": func(*testing.T, string) {},
		"file":    func(t *testing.T, path string) { must(t, os.WriteFile(path, nil, 0)) },
		"link":    func(t *testing.T, path string) { must(t, os.Symlink(outside, path)) },
		"deeper than a path": func(t *testing.T, path string) {
			must(t, os.Mkdir(path, 0o700))
			deep(t, path, 500)
		},
		"many": func(t *testing.T, path string) {
			for i := range 3000 {
				must(t, os.MkdirAll(filepath.Join(path, fmt.Sprint(i%50), fmt.Sprint(i)), 0o700))
			}
		},
		"links out of it": func(t *testing.T, path string) {
			must(t, os.MkdirAll(filepath.Join(path, "sub"), 0o700))
			must(t, os.Symlink(outside, filepath.Join(path, "sub", "link")))
			must(t, os.Symlink(outside, filepath.Join(path, "link")))
		},
		"directories that nobody may read": func(t *testing.T, path string) {
			must(t, os.MkdirAll(filepath.Join(path, "a", "b", "c"), 0o700))
			must(t, os.Chmod(filepath.Join(path, "a", "b"), 0))
			must(t, os.Chmod(filepath.Join(path, "a"), 0))
			must(t, os.Chmod(path, 0))
		},
		"names that are taken": func(t *testing.T, path string) {
			must(t, os.MkdirAll(filepath.Join(path, "a", "b", "c"), 0o700))
			must(t, os.MkdirAll(filepath.Join(path, ".assay-removed-1", "x"), 0o700))
			must(t, os.WriteFile(filepath.Join(path, ".assay-removed-2"), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "spec")
			fill(t, path)
			must(t, RemoveAll(t.Context(), path))
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("found %v, expected that nothing is left", err)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(outside, "kept")); err != nil {
		t.Errorf("what a link leads to is gone: %v", err)
	}
}

func TestRemoveAllGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spec")
	must(t, os.MkdirAll(filepath.Join(path, "a", "b"), 0o700))
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Nanosecond, errors.New("the limit"))
	defer cancel()
	<-ctx.Done()
	err := RemoveAll(ctx, path)
	if err == nil || !strings.Contains(err.Error(), "took too long: the limit") {
		t.Errorf("found %v, expected an error that says that it took too long", err)
	}
}
