package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"assay/suite/internal/sut"
	"assay/suite/report/words"
)

// targetFlags holds the flags that select the server under test.
type targetFlags struct {
	Target string   `default:"reference" placeholder:"FILE|NAME" env:"ASSAY_TARGET" help:"Target file, or the name of a built-in target."`
	Bin    string   `placeholder:"PATH" env:"ASSAY_BIN" help:"Executable to run instead of that of the target file (default for the reference server: assay-server beside assay)."`
	Env    []string `placeholder:"K=V" sep:"none" env:"ASSAY_ENV" help:"Environment variable for the target, in addition to those of its file."`
}

// executable returns the executable that takes the place of the target's own, or ""
// for the target's own. For the reference server without --bin it is the one in the
// directory of this executable, where make build puts it, and say is told so. Without
// one there, the target file's own word is looked up on PATH.
func (f *targetFlags) executable(say func(format string, args ...any)) (string, error) {
	if f.Target != sut.Reference {
		return f.Bin, nil
	}
	if f.Bin != "" {
		if name := filepath.Base(f.Bin); name != sut.ReferenceServer {
			say("assay: %s is configured as the reference server is: serve --config FILE, "+
				"reload by SIGHUP, all profiles. \"assay init\" writes a target file that claims less.",
				words.Printable(name))
		}
		return f.Bin, nil
	}
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err == nil {
		beside := filepath.Join(filepath.Dir(self), sut.ReferenceServer)
		if path, err := exec.LookPath(beside); err == nil {
			say("reference server: %s, which is beside assay", words.RelativePath(path))
			return path, nil
		}
	}
	path, err := exec.LookPath(sut.ReferenceServer)
	switch {
	case err == nil:
		say("reference server: %s, which is on PATH", path)
		return "", nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrDot):
		return "", fmt.Errorf("target reference: found no %s beside assay (%s) or on PATH, "+
			"expected the reference server; build it with \"make build\", name your own server with "+
			"--bin PATH, or write a target file with \"assay init\" and name it with --target FILE",
			sut.ReferenceServer, filepath.Dir(self))
	}
	return "", err
}
