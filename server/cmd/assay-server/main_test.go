package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/fixtures/pki"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	absent := filepath.Join(t.TempDir(), "absent.yaml")
	for name, test := range map[string]struct {
		args           []string
		exit           int
		stdout, stderr string // the beginnings
	}{
		"version":         {[]string{"version"}, 0, "assay-server v0.1.0\n", ""},
		"help":            {[]string{"--help"}, 0, "Usage: assay-server <command>", ""},
		"nothing":         {nil, 2, "", "assay-server: missing flag: --config FILE"},
		"unknown command": {[]string{"bogus"}, 2, "", `assay-server: unknown command "bogus"`},
		"unknown flag": {
			[]string{"--bogus"}, 2, "", "assay-server: flag provided but not defined: -bogus",
		},
		"too much": {
			[]string{"serve", "--config", absent, "more"}, 2, "",
			`assay-server: unexpected argument "more"`,
		},
		"serve": {[]string{"serve", "--config", absent}, 1, "", absent + ": found no readable file"},
		"serve is the default": {
			[]string{"--config", absent}, 1, "", absent + ": found no readable file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			exit := run(test.args, &stdout, &stderr)
			if exit != test.exit || !strings.HasPrefix(stdout.String(), test.stdout) ||
				!strings.HasPrefix(stderr.String(), test.stderr) {
				t.Errorf("got exit %d\nstdout %s\nstderr %s", exit, &stdout, &stderr)
			}
		})
	}
}

// A refusal names everything at once, the configuration's mistakes and the
// pair's, and leaves no trace.
func TestRefusalNamesEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, cert := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "cert.pem")
	pair, err := pki.New(pki.Spec{Names: []string{"a.test"}})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{
		file: []byte("listen_addr: 127.0.0.1:0\nbogus: x\ntls_cert_path: " +
			"cert.pem\ntls_key_path: key.pem\n"),
		cert: pair.ChainPEM(),
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	if exit := run([]string{"serve", "--config", file}, &stdout, &stderr); exit != 1 {
		t.Errorf("got exit %d, want 1", exit)
	}
	got := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	want := []string{
		file + ":2: bogus: found an unknown key, expected one of ",
		file + ":4: tls_key_path: " + filepath.Join(dir, "key.pem") + ": found no readable " +
			"file (no such file or directory)",
	}
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d:\n%s", len(got), len(want), &stderr)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d\ngot  %s\nwant %s", i+1, got[i], want[i])
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("files were written: %v, %v", entries, err)
	}
}
