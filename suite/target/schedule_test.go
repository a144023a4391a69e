package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The schedule command belongs to the server: it is looked for beside it
// first, and a run without it is still a run.
func TestScheduleCommand(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"bin/server", "bin/beside", "path/beside", "path/elsewhere"} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "path"))
	for _, test := range []struct{ schedule, path, reason string }{
		{"schedule: [beside, --json]\n", "bin/beside", ""},
		{"schedule: [elsewhere, --json]\n", "path/elsewhere", ""},
		{"schedule: [missing]\n", "", "the schedule command missing was found neither beside "},
		{"", "", "the target file of x names no schedule command"},
	} {
		tt := parsed(t, "name: x\ncommand: [server]\n"+test.schedule+"profiles: [byo]\nconfig: {base: {}}\n")
		tt.SetBinary(filepath.Join(dir, "bin/server"))
		if err := tt.Resolve(); err != nil {
			t.Fatalf("%q: %v", test.schedule, err)
		}
		cmd, err := tt.ScheduleCommand(filepath.Join(dir, "own"), []string{"NAME=value"})
		if test.reason != "" {
			if err == nil || !strings.HasPrefix(err.Error(), test.reason) {
				t.Errorf("%q: found %v, expected an error that begins with %q", test.schedule, err, test.reason)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", test.schedule, err)
		}
		if cmd.Path != filepath.Join(dir, test.path) || cmd.Args[1] != "--json" || cmd.Dir != filepath.Join(dir, "own") {
			t.Errorf("%q: found %s %v in %s", test.schedule, cmd.Path, cmd.Args, cmd.Dir)
		}
		if env := strings.Join(cmd.Env, "\n"); !strings.Contains(env, "NAME=value") || !strings.Contains(env, "SSL_CERT_DIR=") {
			t.Errorf("%q: found the environment\n%s", test.schedule, env)
		}
	}
}
