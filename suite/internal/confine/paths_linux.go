package confine

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Within reports whether one of paths is dir or below it.
func Within(dir string, paths []string) bool {
	for _, path := range paths {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// withReal returns paths and what they are without links.
func withReal(paths []string) []string {
	all := append([]string{}, paths...)
	for _, path := range paths {
		if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
			all = append(all, real)
		}
	}
	return all
}

// nextOnWay returns the entry of dir through which the way to path leads.
func nextOnWay(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return path
	}
	name, _, _ := strings.Cut(rel, string(filepath.Separator))
	return filepath.Join(dir, name)
}

// firstLink returns the first symbolic link below dir on the way to path, and what it
// says; empty if there is none.
func firstLink(dir, path string) (link, to string) {
	for at := dir; at != path; {
		at = nextOnWay(at, path)
		if to, err := os.Readlink(at); err == nil {
			return at, to
		}
	}
	return "", ""
}

// giveBack gives what a directory holds to this process's user, as far as it belongs
// to another one.
func giveBack(dir string, from int) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || st.Uid != uint32(from) {
			return nil
		}
		return os.Lchown(path, os.Geteuid(), os.Getegid())
	})
}
