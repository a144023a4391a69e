package replace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"assay/suite/internal/careful"
)

// A Pair is the content of the two files: a certificate with its chain, and the
// certificate's key.
type Pair struct{ Cert, Key []byte }

// A Place is a directory with the files of a pair. By and Files of the way in
// which the files are replaced are always the same.
type Place struct {
	way        Way // of the replacement that is going on
	in         *careful.Dir
	dir        string // directory in it of everything that belongs to the place
	generation int    // number of replacements so far
	modified   time.Time
	growth     int // number of bytes that were added to the sizes
}

// moment is how long a tool takes for something that is not done at once. A
// server that watches its files sees the state in between.
const moment = 300 * time.Millisecond

// Sizes to which files are padded, and by which they grow if sizes differ.
const (
	certSize, keySize = 8 << 10, 1 << 10
	step              = 64
)

// Create makes the directory dir in another one and puts the first pair into it. Only
// By and Files of the way matter.
func Create(in *careful.Dir, dir string, way Way, first Pair) (*Place, error) {
	p := &Place{
		way: Way{By: way.By, Files: way.Files}, in: in, dir: dir,
		modified: time.Now().Add(-time.Hour).Truncate(time.Second),
	}
	for _, d := range []string{p.dir, p.path("archive"), p.path("current")} {
		if err := in.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	if err := p.create(p.files(first, true)); err != nil {
		return nil, err
	}
	return p, nil
}

// create puts the files of the first generation in place.
func (p *Place) create(files []file) error {
	if p.way.By.together() {
		if err := p.prepareDirectory(files); err != nil {
			return err
		}
		return p.firstDirectory(files)
	}
	for _, f := range files {
		target := p.live(f.name)
		err := p.in.MkdirAll(filepath.Dir(target), 0o755)
		if err != nil {
			return err
		}
		switch p.way.By {
		case Linking:
			err = p.link(f, target, p.in.Symlink, filepath.Join("..", p.archived(f.name)))
		case LinkingTwice:
			err = errors.Join(p.linkBehind(f),
				p.in.Symlink(p.in.Path(p.path("current", f.name)), target))
		case BehindALink:
			err = errors.Join(p.write(p.behind(f.name), f),
				p.in.Symlink(filepath.Join("..", "current", f.name), target))
		case HardLinking:
			err = p.link(f, target, p.in.Link, p.path(p.archived(f.name)))
		default:
			err = p.write(target, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CertPath returns the absolute path of the file with the certificate.
func (p *Place) CertPath() string {
	if p.way.Files == Combined {
		return p.in.Path(p.live("combined.pem"))
	}
	return p.in.Path(p.live("cert.pem"))
}

// KeyPath returns the absolute path of the file with the key.
func (p *Place) KeyPath() string {
	if p.way.Files == Combined {
		return p.CertPath()
	}
	return p.in.Path(p.live(keyFile))
}

// Replace puts another pair in place. It calls between, if that is not nil, when
// the first of two files is new and the second one is still old, or when the
// directory of both is away, if the way says for how long. By and Files of the way
// do not matter.
func (p *Place) Replace(way Way, pair Pair, between func()) error {
	way.By, way.Files = p.way.By, p.way.Files
	p.way = way
	p.generation++
	p.advance()
	if p.way.By.together() {
		files := p.files(pair, true)
		if err := p.prepareDirectory(files); err != nil {
			return err
		}
		return p.switchDirectory(between)
	}
	files := p.files(pair, false)
	if p.way.By == Deleting {
		for _, f := range files {
			if err := p.in.Remove(p.live(f.name)); err != nil {
				return err
			}
		}
		time.Sleep(moment)
	}
	for i, f := range files {
		if i > 0 && between != nil {
			between()
		}
		if err := p.replace(f); err != nil {
			return err
		}
	}
	return nil
}

// A file is one file to write.
type file struct {
	name string
	data []byte
}

// files returns the files to write, in their order. A key that is kept is among
// them only if all are asked for.
func (p *Place) files(pair Pair, all bool) []file {
	if p.way.Files == Combined {
		both := slices.Concat(pair.Cert, pair.Key)
		return []file{{"combined.pem", p.padded(both, certSize)}}
	}
	files := []file{{"cert.pem", p.padded(pair.Cert, certSize)}}
	if all || p.way.Key != KeptKey {
		files = append(files, file{keyFile, p.padded(pair.Key, keySize)})
	}
	if p.way.Order.keyFirst() {
		slices.Reverse(files)
	}
	return files
}

// advance sets the modification time and the size of the next files.
func (p *Place) advance() {
	switch p.way.Stamps {
	case Older:
		p.modified = p.modified.AddDate(0, 0, -1)
	case SameTime:
		p.growth += step
	case Same:
	default:
		p.modified = time.Now()
	}
}

// padded adds empty lines, which mean nothing, to have the size that is wanted.
func (p *Place) padded(data []byte, size int) []byte {
	missing := max(0, size+p.growth-len(data))
	return append(bytes.Clone(data), bytes.Repeat([]byte("\n"), missing)...)
}

// stamp gives a file its modification time.
func (p *Place) stamp(path string) error { return p.in.Chtimes(path, p.modified, p.modified) }

// write writes a whole file into one that may be there.
func (p *Place) write(path string, f file) error {
	if err := p.in.WriteFile(path, f.data, 0o600); err != nil {
		return err
	}
	return p.stamp(path)
}

// writeSlowly writes a file with a pause in the middle.
func (p *Place) writeSlowly(path string, data []byte) error {
	out, err := p.in.Create(path, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	middle := len(bytes.TrimSpace(data)) / 2 // of what matters, without padding
	for i, part := range [][]byte{data[:middle], data[middle:]} {
		if i > 0 {
			time.Sleep(moment)
		}
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return p.stamp(path)
}

// replace replaces one file.
func (p *Place) replace(f file) error {
	path, by := p.live(f.name), p.way.By
	if by == BehindALink {
		path, by = p.behind(f.name), Renaming
		if p.generation%2 == 0 {
			by = Writing
		}
	}
	switch by {
	case "", Renaming:
		if err := p.write(path+".new", f); err != nil {
			return err
		}
		return p.in.Rename(path+".new", path)
	case Writing, Deleting:
		return p.write(path, f)
	case WritingSlowly:
		return p.writeSlowly(path, f.data)
	case Linking:
		return p.link(f, path, p.in.Symlink, filepath.Join("..", p.archived(f.name)))
	case LinkingTwice:
		return p.linkBehind(f)
	case HardLinking:
		return p.link(f, path, p.in.Link, p.path(p.archived(f.name)))
	case BackingUp:
		if err := p.in.Rename(path, path+"~"); err != nil {
			return err
		}
		return p.write(path, f)
	case Permitting:
		if err := p.write(path+".new", f); err != nil {
			return err
		}
		if err := p.in.Chmod(path+".new", 0); err != nil {
			return err
		}
		if err := p.in.Rename(path+".new", path); err != nil {
			return err
		}
		time.Sleep(moment)
		return p.in.Chmod(path, 0o600)
	}
	return fmt.Errorf("replacing a file by %q: expected one of the ways to replace a file", p.way.By)
}

// link writes a file of this generation into the archive, and makes a link to
// it at a path, in place of the link to the one before.
func (p *Place) link(f file, at string, link func(from, to string) error, from string) error {
	if err := p.in.MkdirAll(filepath.Dir(p.path(p.archived(f.name))), 0o755); err != nil {
		return err
	}
	if err := p.write(p.path(p.archived(f.name)), f); err != nil {
		return err
	}
	if err := p.in.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return link(from, at)
}

// linkBehind switches the link to which that of the configured path leads.
func (p *Place) linkBehind(f file) error {
	return p.link(f, p.path("current", f.name), p.in.Symlink,
		filepath.Join("..", p.archived(f.name)))
}

// behind returns the name of the file to which the link of BehindALink leads.
func (p *Place) behind(name string) string { return p.path("current", name) }

func (p *Place) archived(name string) string {
	if p.way.By == LinkingTwice { // a directory for each generation
		return filepath.Join("archive", fmt.Sprint(p.generation), name)
	}
	return filepath.Join("archive", fmt.Sprintf("%d-%s", p.generation, name))
}

// live returns the name of a file that servers read, below the directory of p.in.
func (p *Place) live(name string) string {
	if p.way.Files == Apart && !p.way.By.together() && name == keyFile {
		return p.path("live-keys", name)
	}
	if p.way.By == SwitchingAbove {
		return p.path("live", "etc", name)
	}
	return p.path("live", name)
}

const keyFile = "key.pem"

func (p *Place) path(elements ...string) string {
	return filepath.Join(append([]string{p.dir}, elements...)...)
}
