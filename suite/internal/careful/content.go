package careful

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"assay/suite/internal/limits"
)

// Contents calls visit with every regular file below a directory that has at most
// limit bytes, and with its name relative to the [Dir]. Larger files are left out. It
// reads [limits.ReadAtOnce] bytes at most, and returns an *[Excess] if there is more.
func (d *Dir) Contents(dir string, limit int64, visit func(name string, content []byte)) error {
	left := int64(limits.ReadAtOnce)
	short := false
	err := d.Walk(dir, func(name string, entry fs.DirEntry) error {
		if !entry.Type().IsRegular() {
			return nil
		}
		if left < 0 {
			short = true
			return fs.SkipAll
		}
		content, err := d.ReadFile(name, limit)
		left -= int64(len(content))
		if err == nil {
			visit(name, content)
		}
		return nil
	})
	if err == nil && short {
		rel, _ := d.below(dir) // Walk has taken it
		err = &Excess{Dir: d.whole(rel), Found: "more than " + Size(limits.ReadAtOnce)}
	}
	return err
}

// Names returns the names in the directory at path, the first [limits.Files] of them.
func Names(path string) ([]string, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(limits.Files)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return names, err
}

// CopyTo copies the directories, regular files and links of the directory into a new
// directory at path, and returns how many bytes of files it left out because there
// are more than limit. A link that leads out of the directory becomes a file that
// says where it leads, so that nobody who opens the copy follows it. Pipes, sockets
// and what cannot be read are left out.
func (d *Dir) CopyTo(path string, limit int64) (leftOut int64, err error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return 0, err
	}
	to, err := OpenDir(path)
	if err != nil {
		return 0, err
	}
	defer to.Close()
	err = d.Walk(".", func(name string, entry fs.DirEntry) error {
		switch entry.Type() {
		case fs.ModeDir:
			return to.MkdirAll(name, 0o755)
		case fs.ModeSymlink:
			return d.copyLink(to, name)
		case 0:
			info, err := entry.Info()
			if err != nil || info.Size() > limit {
				leftOut += info.Size()
				return nil
			}
			content, err := d.ReadFile(name, limit)
			if err != nil {
				return nil // it may not be read, or is gone
			}
			limit -= int64(len(content))
			return to.WriteFile(name, content, 0o600)
		}
		return nil
	})
	if excess := (*Excess)(nil); errors.As(err, &excess) {
		err = nil // what there is of it is more than anybody reads
	}
	return leftOut, err
}

func (d *Dir) copyLink(to *Dir, name string) error {
	says, err := d.Readlink(name)
	if err != nil {
		return nil // it is gone
	}
	if _, err := d.Stat(name); err != nil {
		text := fmt.Sprintf("(a symbolic link to %q, which leads nowhere or out of the directory)\n",
			says)
		return to.WriteFile(name, []byte(text), 0o600)
	}
	return to.Symlink(says, name)
}
