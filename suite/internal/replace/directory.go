package replace

import (
	"fmt"
	"path/filepath"
)

// directory returns where the files of a generation lie, if both files are
// replaced together.
func (p *Place) directory(generation int) string {
	if p.way.By == SwitchingAbove {
		return p.path("releases", fmt.Sprint(generation))
	}
	name := fmt.Sprintf("..%d", generation)
	if p.way.By == SwitchingData {
		return p.path("live", name)
	}
	return p.path(name)
}

// prepareDirectory writes the files of this generation into a directory of
// their own.
func (p *Place) prepareDirectory(files []file) error {
	dir := p.directory(p.generation)
	if p.way.By == SwitchingAbove {
		dir = filepath.Join(dir, "etc")
	}
	if err := p.in.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := p.write(filepath.Join(dir, f.name), f); err != nil {
			return err
		}
	}
	return nil
}

// firstDirectory makes the files' paths lead to the directory of the first
// generation.
func (p *Place) firstDirectory(files []file) error {
	if p.way.By == SwitchingData {
		for _, f := range files {
			if err := p.in.Symlink(filepath.Join("..data", f.name), p.live(f.name)); err != nil {
				return err
			}
		}
	}
	return p.switchDirectory(nil)
}

// switchDirectory makes the files' paths lead to this generation's directory,
// and deletes the directory of the one before, unless it is a whole release. If a
// directory is away for some time, it calls away meanwhile.
func (p *Place) switchDirectory(away func()) error {
	dir := p.directory(p.generation)
	if p.way.By == MovingDirectory {
		if p.generation > 0 {
			if err := p.in.Rename(p.path("live"), p.path("old")); err != nil {
				return err
			}
			defer p.in.RemoveAll(p.path("old"))
			if away != nil && p.way.Away > 0 {
				away()
			}
		}
		return p.in.Rename(dir, p.path("live"))
	}
	link, to := p.path("live"), filepath.Base(dir)
	switch p.way.By {
	case SwitchingData:
		link = p.path("live", "..data")
	case SwitchingAbove:
		to = filepath.Join("releases", to)
	}
	if err := p.in.Symlink(to, link+".new"); err != nil {
		return err
	}
	if err := p.in.Rename(link+".new", link); err != nil {
		return err
	}
	if p.generation == 0 || p.way.By == SwitchingAbove {
		return nil
	}
	return p.in.RemoveAll(p.directory(p.generation - 1))
}
