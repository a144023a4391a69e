package certificate

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLinks is the number of symbolic links that are followed at most. The limit
// of the kernel is the same.
const maxLinks = 40

// directories lists the directories in which an entry must change before an
// absolute path leads to another file: the directory that holds the file, and
// that of every symbolic link on the path, such as certbot's link to the newest
// file or a link to a whole directory. In place of a missing directory it lists
// the nearest one above that exists.
func directories(path string) []string {
	var dirs []string
	for range maxLinks {
		link, target := firstLink(path)
		if link == "" {
			break
		}
		dirs = append(dirs, filepath.Dir(link))
		path = target
	}
	dirs = append(dirs, existing(filepath.Dir(path)))
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// firstLink finds the first symbolic link of a path and returns it together with
// the path to which it leads.
func firstLink(path string) (link, target string) {
	rest := strings.Split(filepath.Clean(path), string(filepath.Separator))
	prefix := filepath.VolumeName(path) + string(filepath.Separator)
	for i, name := range rest {
		prefix = filepath.Join(prefix, name)
		info, err := os.Lstat(prefix)
		if err != nil {
			return "", ""
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		to, err := os.Readlink(prefix)
		if err != nil {
			return "", ""
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(prefix), to)
		}
		return prefix, filepath.Join(append([]string{to}, rest[i+1:]...)...)
	}
	return "", ""
}

func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
