package harness

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
)

// onLoopback is a world that a target may fill.
type onLoopback struct{ hostOnly }

func (onLoopback) Kind() world.Kind { return world.Loopback }

// hostileEnv returns an environment in which a target was started, if started is true.
// The function returns what ended the spec: "" if nothing did, else the message.
func hostileEnv(t *testing.T, started bool) (*Env, func(func()) string) {
	t.Helper()
	above := t.TempDir()
	e := &Env{World: onLoopback{}, Dir: filepath.Join(above, "spec")}
	if err := os.Mkdir(e.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := careful.OpenDir(above)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	e.below = files.From("spec")
	if started {
		e.servers = []*Server{{s: e, Process: &sut.Process{}}}
	}
	type end string
	e.Fail = func(message string, _ ...int) { panic(end(message)) }
	return e, func(f func()) (message string) {
		done := make(chan string, 1)
		go func() {
			defer func() {
				ended, _ := recover().(end)
				done <- string(ended)
			}()
			f()
		}()
		select {
		case message = <-done:
		case <-time.After(20 * time.Second):
			t.Fatal("waited 20 s for the end of the step")
		}
		return message
	}
}

// What a target makes of its files is its failure. Without a target it is an error of
// Assay's own.
func TestATargetIsBlamedForItsFiles(t *testing.T) {
	path := func(e *Env) string { return e.Path("config.yaml") }
	secret := filepath.Join(t.TempDir(), "shadow")
	if err := os.WriteFile(secret, []byte("root:$6$secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		trap func(e *Env) error
		do   func(e *Env)
		want string
	}{
		"a pipe is read": {
			func(e *Env) error { return syscall.Mkfifo(path(e), 0o600) },
			func(e *Env) { e.Read("config.yaml") },
			"found a named pipe, expected a regular file",
		},
		"a pipe is written": {
			func(e *Env) error { return syscall.Mkfifo(path(e), 0o600) },
			func(e *Env) { e.Write("config.yaml", []byte("x")) },
			"found a named pipe, expected a regular file",
		},
		"a link leads out": {
			func(e *Env) error { return os.Symlink(secret, path(e)) },
			func(e *Env) { e.Read("config.yaml") },
			"path escapes",
		},
		"a directory is in the way": {
			func(e *Env) error { return os.Mkdir(path(e), 0o700) },
			func(e *Env) { e.Write("config.yaml", []byte("x")) },
			"is a directory",
		},
		"a file is gone": {
			func(*Env) error { return nil },
			func(e *Env) { e.Read("config.yaml") },
			"no such file",
		},
		"a file is too large": {
			func(e *Env) error {
				if err := os.WriteFile(path(e), nil, 0o600); err != nil {
					return err
				}
				return os.Truncate(path(e), 1<<40)
			},
			func(e *Env) { e.Read("config.yaml") },
			"found a file of more than 8 MiB",
		},
		"directories lie too deep": {
			func(e *Env) error {
				at, err := os.OpenRoot(e.Dir)
				for i := 0; err == nil && i < 2*limits.Deep; i++ {
					if err = at.Mkdir(strings.Repeat("d", 200), 0o700); err == nil {
						at, err = at.OpenRoot(strings.Repeat("d", 200))
					}
				}
				return err
			},
			func(e *Env) { e.Files() },
			"found a deeper directory, expected at most 20000 files, 64 directories deep",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, started := range []bool{true, false} {
				e, ends := hostileEnv(t, started)
				if err := row.trap(e); err != nil {
					t.Fatal(err)
				}
				message := ends(func() { row.do(e) })
				if !strings.Contains(message, row.want) || strings.Contains(message, "secret") {
					t.Errorf("found %q, expected %q", message, row.want)
				}
				if broken := e.Outcome.Broken != ""; broken == started {
					t.Errorf("a target was started: %t; an error of Assay's own: %t", started, broken)
				}
			}
		})
	}
}

func TestATargetIsNotBlamedForOtherFiles(t *testing.T) {
	for name, file := range map[string]*fs.PathError{
		"elsewhere":           {Op: "open", Path: "/nowhere", Err: syscall.ENOENT},
		"no more descriptors": {Op: "open", Path: "DIR/config.yaml", Err: syscall.EMFILE},
		"a broken disk":       {Op: "open", Path: "DIR/config.yaml", Err: syscall.EIO},
		"a full disk of the machine": {
			Op: "write", Path: "DIR/config.yaml", Err: syscall.ENOSPC,
		},
	} {
		e, ends := hostileEnv(t, true)
		file.Path = strings.Replace(file.Path, "DIR", e.Dir, 1)
		if message := ends(func() { e.Must(file) }); e.Outcome.Broken == "" {
			t.Errorf("%s: found the target's failure %q, expected an error of Assay's own", name, message)
		}
	}
}

// The evidence shows what a configuration file holds, not what it leads to.
func TestConfigurationAsEvidence(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "shadow")
	if err := os.WriteFile(secret, []byte("root:$6$secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, trap := range map[string]func(path string) error{
		"link": func(path string) error { return os.Symlink(secret, path) },
		"pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"sparse file": func(path string) error {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 1<<40)
		},
	} {
		e, ends := hostileEnv(t, true)
		if err := trap(e.Path("config.yaml")); err != nil {
			t.Fatal(err)
		}
		v := e.servers[0]
		v.launch = &sut.Launch{ConfigFile: e.Path("config.yaml")}
		var text string
		ends(func() { text = v.configuration() })
		if len(text) > 1000 || strings.Contains(text, "secret") || !strings.HasPrefix(text, "(") {
			t.Errorf("%s: found %.200q, expected the reason why there is no text", name, text)
		}
	}
}

// Keys without number, and directories without end, cost a bounded time.
func TestSecretsAreBounded(t *testing.T) {
	e, ends := hostileEnv(t, true)
	for i := range 3000 {
		e.Write(filepath.Join("keys", string(rune('a'+i%26)), strings.Repeat("k", 1+i/26)),
			[]byte(strings.Repeat("A", 64)+"\n"))
	}
	if message := ends(func() { e.secrets() }); message != "" {
		t.Errorf("found %q, expected that nothing ends the spec", message)
	}
	if len(e.known) > 2*limits.Secrets {
		t.Errorf("keeps %d spellings, expected at most %d", len(e.known), 2*limits.Secrets)
	}
}

func TestInTime(t *testing.T) {
	if err := inTime(func() error { return fs.ErrClosed }); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("found %v, expected the error of the function", err)
	}
}
