package sut

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
	for _, path := range []string{
		"bin/server", "bin/beside", "path/server", "path/beside", "other/beside", "other/elsewhere",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "path")+":"+filepath.Join(dir, "other"))
	for _, test := range []struct {
		schedule     string
		replaced     bool // by --bin
		path, reason string
	}{
		{"schedule: [beside, --json]\n", false, "path/beside", ""},
		{"schedule: [beside, --json]\n", true, "bin/beside", ""},
		{"schedule: [elsewhere, --json]\n", false, "other/elsewhere", ""},
		{"schedule: [elsewhere, --json]\n", true, "",
			"found no elsewhere beside server, expected the command that prints"},
		{"schedule: [./other/beside, --json]\n", false, "other/beside", ""},
		{"schedule: [./other/beside, --json]\n", true, "bin/beside", ""},
		{"schedule: [./other/elsewhere, --json]\n", true, "",
			"found no elsewhere beside server, expected the command that prints"},
		{"schedule: [server, --json]\n", true, "bin/server", ""},
		{"schedule: [missing]\n", false, "", "found no missing beside server or on PATH, " +
			"expected the command that the target file of x names as schedule"},
		{"", false, "", "the target file of x names no schedule command"},
	} {
		tt := parsed(t, "name: x\ncommand: [server]\n"+test.schedule+
			"profiles: [byo]\nconfig: {base: {}}\n")
		tt.Command[0], tt.File = "server", filepath.Join(dir, "target.yaml")
		if test.replaced {
			tt.SetBinary(filepath.Join(dir, "bin/server"))
		}
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
		if cmd.Path != filepath.Join(dir, test.path) || cmd.Args[1] != "--json" ||
			cmd.Dir != filepath.Join(dir, "own") {
			t.Errorf("%q: found %s %v in %s", test.schedule, cmd.Path, cmd.Args, cmd.Dir)
		}
		if env := strings.Join(cmd.Env, "\n"); !strings.Contains(env, "NAME=value") ||
			!strings.Contains(env, "SSL_CERT_DIR=") {
			t.Errorf("%q: found the environment\n%s", test.schedule, env)
		}
	}
}
