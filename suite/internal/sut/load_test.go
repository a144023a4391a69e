package sut

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/scenarios"
)

func TestEveryBuiltInTargetLoads(t *testing.T) {
	t.Parallel()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		tt, err := Load(name, catalogue.Knows)
		if err != nil {
			t.Errorf("%s:\n%v", name, err)
			continue
		}
		if tt.File != "" || tt.Name != name {
			t.Errorf("%s: name %q, file %q", name, tt.Name, tt.File)
		}
	}
}

// further are the chapters that no server on autocert alone can claim.
var further = []string{"ari", "profiles", "ip"}

func TestTheReferenceClaimsEverythingElse(t *testing.T) {
	t.Parallel()
	tt, err := Load("reference", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range Profiles {
		if tt.Claims(profile) == slices.Contains(further, profile) {
			t.Errorf("claims %s: %v, expected the opposite", profile, tt.Claims(profile))
		}
	}
	if tt.Claims("http01") {
		t.Error("claims a chapter that does not exist")
	}
	if tt.OnBadConfig != ExitOnBadConfig || tt.Ready.TCP != "listen_addr" ||
		tt.Ready.Timeout != 5*time.Second || tt.StopSignal.Signal != syscall.SIGTERM ||
		tt.Reload.Signal.Signal != syscall.SIGHUP || tt.Health != "/health" {
		t.Errorf("got %+v", tt)
	}
	l := prepare(t, tt, Input{Dir: t.TempDir(), CABundle: "/ca.pem"})
	if got := content(t, l.ConfigFile); got != "" {
		t.Errorf("config file %q, want an empty one", got)
	}
}

func TestTheExampleLoads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "my.yaml")
	if err := os.WriteFile(path, []byte(Example()), 0o600); err != nil {
		t.Fatal(err)
	}
	tt, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	tt.Command[0] = "/bin/x"
	prepare(t, tt, Input{Dir: t.TempDir()})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	tt := parsed(t, smallest+"config: {base: {}}")
	if tt.Config.File != "config.yaml" ||
		tt.Ready != (ReadyWhen{TCP: "listen_addr", Timeout: 5 * time.Second}) ||
		tt.OnBadConfig != ExitOnBadConfig || tt.StopSignal.Signal != syscall.SIGTERM ||
		tt.Reload.Offered() || tt.Forks {
		t.Errorf("got %+v", tt)
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"bin/server", "path/other"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "t.yaml")
	text := "name: x\ncommand: [bin/server, serve]\nexecutable: other\n" +
		"version: [bin/server, version]\nschedule: [other]\nprofiles: [byo]\nconfig: {base: {}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(dir, "path"))
	load := func() *Target {
		tt, err := Load(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		return tt
	}

	tt := load()
	if err := tt.Resolve(); err != nil {
		t.Fatal(err)
	}
	server, other := filepath.Join(dir, "bin/server"), filepath.Join(dir, "path/other")
	if tt.Command[0] != server || tt.VersionCommand[0] != server || tt.Schedule[0] != other ||
		tt.Executable != other {
		t.Errorf("resolved %q %q %q %q", tt.Command, tt.VersionCommand, tt.Schedule, tt.Executable)
	}

	tt = load()
	tt.SetBinary("other")
	if tt.Executable != "" {
		t.Errorf("executable %q although another one takes the place of the target's", tt.Executable)
	}
	if err := tt.Resolve(); err != nil {
		t.Fatal(err)
	}
	if tt.Command[0] != other || tt.VersionCommand[0] != other || tt.Schedule[0] != other {
		t.Errorf("with another binary: %q %q %q", tt.Command, tt.VersionCommand, tt.Schedule)
	}

	tt = load()
	tt.Command, tt.VersionCommand = []string{"other", "{{.Executable}}"}, []string{"server", "-v"}
	tt.Executable = "server"
	tt.SetBinary("/another")
	if tt.Command[0] != "other" || tt.VersionCommand[0] != "/another" || tt.Executable != "/another" {
		t.Errorf("with another binary behind a script: %q %q %q",
			tt.Command, tt.VersionCommand, tt.Executable)
	}

	tt = load()
	tt.SetBinary("nowhere")
	want := `target x: command: found "nowhere", expected an executable`
	if err := tt.Resolve(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a binary that is not there: %v", err)
	}
}

func TestLoadListsTheBuiltInTargets(t *testing.T) {
	t.Parallel()
	_, err := Load("no-such-target", nil)
	want := `found "no-such-target", expected the path of a target file or one of`
	if err == nil || !strings.Contains(err.Error(), want) ||
		!strings.Contains(err.Error(), "reference") {
		t.Errorf("got %v", err)
	}
}

// TestPaths checks which paths of a target file a run must not hide from its server.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"server.py", "library", "root.pem", "given"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	target := &Target{
		Command: []string{"/bin/sh", filepath.Join(dir, "server.py"), "{{.ConfigFile}}", "--level=1"},
		Env: map[string]string{
			"LIBRARIES": "/no/such/directory:" + filepath.Join(dir, "library"),
		},
		VersionCommand: []string{"/bin/sh", "--roots=" + filepath.Join(dir, "root.pem")},
	}
	want := []string{"/bin/sh"}
	for _, name := range []string{"given", "library", "root.pem", "server.py"} {
		want = append(want, filepath.Join(dir, name))
	}
	got := target.Paths([]string{"GIVEN=" + filepath.Join(dir, "given")})
	slices.Sort(got)
	slices.Sort(want)
	if got := slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("found %q, expected %q", got, want)
	}
}
