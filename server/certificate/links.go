package certificate

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLinks bounds the symbolic links that are followed; the kernel's own limit is the same.
const maxLinks = 40

// directories lists the directories where an entry must change before an absolute path leads to another file: the
// one that holds the file, and the one of every symbolic link on the way, be it certbot's link to the newest file
// or a link to a whole directory. Of a directory that is missing, the nearest one above it is listed.
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

// firstLink finds the first symbolic link of a path and returns it together with the path that it leads to.
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
