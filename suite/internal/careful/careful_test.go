package careful

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/suite/internal/limits"
)

// secretText stands for a secret of the machine, which no read below a directory returns.
const secretText = "root:$6$secret:20000:0:99999:7:::\n"

// A trap is something that a program puts in the place of a file.
type trap struct {
	name string
	set  func(t *testing.T, path, outside string)
	want string // of the error
}

var traps = []trap{
	{"pipe", func(t *testing.T, path, _ string) {
		must(t, syscall.Mkfifo(path, 0o600))
	}, "found a named pipe, expected a regular file"},
	{"pipe with a writer", func(t *testing.T, path, _ string) {
		must(t, syscall.Mkfifo(path, 0o600))
		both, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		t.Cleanup(func() { both.Close() })
	}, "found a named pipe, expected a regular file"},
	{"link out of the directory", func(t *testing.T, path, outside string) {
		must(t, os.Symlink(outside, path))
	}, ""},
	{"relative link out of the directory", func(t *testing.T, path, outside string) {
		rel, err := filepath.Rel(filepath.Dir(path), outside)
		must(t, err)
		must(t, os.Symlink(rel, path))
	}, ""},
	{"link to itself", func(t *testing.T, path, _ string) {
		must(t, os.Symlink(filepath.Base(path), path))
	}, ""},
	{"directory", func(t *testing.T, path, _ string) {
		must(t, os.Mkdir(path, 0o700))
	}, "a directory"},
	{"socket", func(t *testing.T, path, _ string) {
		t.Chdir(filepath.Dir(path)) // the path may be too long for a socket
		listener, err := net.Listen("unix", filepath.Base(path))
		must(t, err)
		t.Cleanup(func() { listener.Close() })
	}, "a socket"},
	{"sparse file of 1 TiB", func(t *testing.T, path, _ string) {
		must(t, os.WriteFile(path, nil, 0o600))
		must(t, os.Truncate(path, 1<<40))
	}, "found a file of more than 64 KiB, expected at most that"},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within fails the test if f does not return in time: a read that waits for the
// other end of a pipe never does.
func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("waited %s for the operation to end", limit)
	}
}

func TestTrapsAreRefused(t *testing.T) {
	for _, trap := range traps {
		t.Run(trap.name, func(t *testing.T) {
			dir := t.TempDir()
			outside := filepath.Join(t.TempDir(), "shadow")
			must(t, os.WriteFile(outside, []byte(secretText), 0o600))
			path := filepath.Join(dir, "config.yaml")
			trap.set(t, path, outside)
			d, err := OpenDir(dir)
			must(t, err)
			defer d.Close()
			for name, read := range map[string]func() ([]byte, error){
				"ReadFile":     func() ([]byte, error) { return ReadFile(path, 64<<10) },
				"Dir.ReadFile": func() ([]byte, error) { return d.ReadFile("config.yaml", 64<<10) },
			} {
				within(t, 5*time.Second, func() {
					text, err := read()
					if err == nil || len(text) > 0 {
						t.Errorf("%s: found %q and error %v, expected an error alone", name, text, err)
					} else if !strings.Contains(err.Error(), trap.want) ||
						!strings.Contains(err.Error(), path) {
						t.Errorf("%s: found error %q, expected %s and %q", name, err, path, trap.want)
					}
				})
			}
			if strings.HasPrefix(trap.name, "sparse") {
				return // to be overwritten
			}
			for name, write := range map[string]func() error{
				"WriteFile":     func() error { return WriteFile(path, []byte("x"), 0o600) },
				"Dir.WriteFile": func() error { return d.WriteFile("config.yaml", []byte("x"), 0o600) },
			} {
				within(t, 5*time.Second, func() {
					if err := write(); err == nil {
						t.Errorf("%s: found no error, expected one", name)
					}
				})
			}
			if text, err := os.ReadFile(outside); err != nil || string(text) != secretText {
				t.Errorf("outside of the directory: found %q (%v), expected what was there", text, err)
			}
		})
	}
}

func TestDirectoriesInTheWayLeadNowhere(t *testing.T) {
	base, outside := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "shadow"), []byte(secretText), 0o600))
	d, err := OpenDir(base)
	must(t, err)
	defer d.Close()
	must(t, os.Symlink(outside, filepath.Join(base, "sub")))
	if text, err := d.ReadFile("sub/shadow", 1<<10); err == nil {
		t.Errorf("found %q, expected an error", text)
	}
	for name, change := range map[string]func() error{
		"WriteFile": func() error { return d.WriteFile("sub/shadow", nil, 0o600) },
		"Chmod":     func() error { return d.Chmod("sub", 0) },
		"Remove":    func() error { return d.Remove("sub/shadow") },
		"Rename":    func() error { return d.Rename("sub/shadow", "here") },
		"MkdirAll":  func() error { return d.MkdirAll("sub/deeper", 0o700) },
	} {
		if err := change(); err == nil {
			t.Errorf("%s: found no error, expected one", name)
		}
	}
	if text, err := os.ReadFile(filepath.Join(outside, "shadow")); string(text) != secretText {
		t.Errorf("outside of the directory: found %q (%v), expected what was there", text, err)
	}
	info, err := os.Stat(outside)
	must(t, err)
	if info.Mode().Perm() != 0o755 && info.Mode().Perm() != 0o777 && info.Mode().Perm() != 0o700 {
		t.Errorf("outside of the directory: found mode %s, expected an unchanged one", info.Mode())
	}
}

// A Dir stays the directory that was opened when another one is put in its place.
func TestDirIsNotReplaced(t *testing.T) {
	base := t.TempDir()
	path, other := filepath.Join(base, "spec"), filepath.Join(base, "other")
	must(t, os.Mkdir(path, 0o700))
	must(t, os.Mkdir(other, 0o700))
	must(t, os.WriteFile(filepath.Join(other, "config.yaml"), []byte(secretText), 0o600))
	d, err := OpenDir(path)
	must(t, err)
	defer d.Close()
	must(t, d.WriteFile("config.yaml", []byte("ours"), 0o600))
	must(t, os.Rename(path, filepath.Join(base, "moved")))
	must(t, os.Symlink(other, path))
	text, err := d.ReadFile(filepath.Join(path, "config.yaml"), 1<<10)
	if err != nil || string(text) != "ours" {
		t.Errorf("found %q (%v), expected the file of the directory that was opened", text, err)
	}
}

func TestDirFollowsItsOwnLinks(t *testing.T) {
	base := t.TempDir()
	d, err := OpenDir(base)
	must(t, err)
	defer d.Close()
	must(t, d.MkdirAll("..data", 0o700))
	must(t, d.WriteFile("..data/tls.crt", []byte("certificate"), 0o600))
	must(t, d.Symlink("..data/tls.crt", "tls.crt"))
	for _, name := range []string{"tls.crt", filepath.Join(base, "tls.crt")} {
		if text, err := d.ReadFile(name, 64); err != nil || string(text) != "certificate" {
			t.Errorf("%s: found %q (%v), expected the file that the link leads to", name, text, err)
		}
	}
	for _, name := range []string{"../x", "/etc/passwd", base + "/../x"} {
		if _, err := d.ReadFile(name, 64); err == nil || d.Holds(name) {
			t.Errorf("%s: found no error, expected one for a path outside of the directory", name)
		}
	}
}

// deep makes directories in one another, deeper than a path can be long.
func deep(t *testing.T, base string, levels int) {
	t.Helper()
	at, err := os.OpenRoot(base)
	must(t, err)
	for range levels {
		name := strings.Repeat("d", 200)
		must(t, at.Mkdir(name, 0o700))
		must(t, at.WriteFile("file", []byte("x"), 0o600))
		next, err := at.OpenRoot(name)
		must(t, err)
		at.Close()
		at = next
	}
	at.Close()
}

func TestWalkIsBounded(t *testing.T) {
	base := t.TempDir()
	deep(t, base, 200)
	d, err := OpenDir(base)
	must(t, err)
	defer d.Close()
	visited := 0
	err = d.Walk(".", func(string, fs.DirEntry) error { visited++; return nil })
	if excess := (*Excess)(nil); !errors.As(err, &excess) {
		t.Errorf("found error %v, expected one about directories that lie too deep", err)
	}
	if visited != 2*limits.Deep {
		t.Errorf("visited %d, expected %d", visited, 2*limits.Deep)
	}
	must(t, RemoveAll(t.Context(), filepath.Join(base, strings.Repeat("d", 200))))
	for i := range limits.Files + 10 {
		must(t, os.WriteFile(filepath.Join(base, strconv.Itoa(i)), nil, 0o600))
	}
	visited = 0
	err = d.Walk(".", func(string, fs.DirEntry) error { visited++; return nil })
	if excess := (*Excess)(nil); !errors.As(err, &excess) || visited != limits.Files {
		t.Errorf("visited %d and found error %v, expected %d and one about more files",
			visited, err, limits.Files)
	}
}

func TestWalkFollowsNoLink(t *testing.T) {
	base := t.TempDir()
	must(t, os.Symlink("/", filepath.Join(base, "root")))
	must(t, os.Symlink(".", filepath.Join(base, "self")))
	must(t, os.Mkdir(filepath.Join(base, "unreadable"), 0))
	d, err := OpenDir(base)
	must(t, err)
	defer d.Close()
	var found []string
	must(t, d.Walk(".", func(name string, _ fs.DirEntry) error {
		found = append(found, name)
		return nil
	}))
	if got := strings.Join(found, " "); got != "root self unreadable" {
		t.Errorf("visited %s, expected the three entries alone", got)
	}
}

func TestNamesFromADirectoryInIt(t *testing.T) {
	base := t.TempDir()
	d, err := OpenDir(base)
	must(t, err)
	defer d.Close()
	must(t, d.MkdirAll("spec/sub", 0o700))
	from := d.From("spec")
	must(t, from.WriteFile("config.yaml", []byte("a"), 0o600))
	must(t, from.WriteFile("../beside", []byte("b"), 0o600))
	must(t, from.Symlink("../beside", "link"))
	for name, want := range map[string]string{
		"config.yaml": "a", filepath.Join(base, "spec", "config.yaml"): "a",
		"../beside": "b", filepath.Join(base, "beside"): "b", "link": "b", "sub/../../beside": "b",
	} {
		if text, err := from.ReadFile(name, 10); string(text) != want || err != nil {
			t.Errorf("%s: found %q (%v), expected %q", name, text, err, want)
		}
	}
	if _, err := from.ReadFile("../../x", 10); err == nil || from.Holds("../../x") {
		t.Error("a name that leads out of the directory: found no error, expected one")
	}
	var found []string
	must(t, from.Walk(".", func(name string, _ fs.DirEntry) error {
		found = append(found, name)
		return nil
	}))
	if got := strings.Join(found, " "); got != "config.yaml link sub" {
		t.Errorf("visited %q, expected the names relative to the directory", got)
	}
	if got := from.Path("x"); got != filepath.Join(base, "spec", "x") {
		t.Errorf("the path of x is %s", got)
	}
}
