package sut

import (
	"os"
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for behaviour, want := range map[string]string{
		"version": "fake version v1.2.3 (test)", "exit": "",
	} {
		tt := newTarget()
		tt.VersionCommand = []string{self, "fake", behaviour}
		if got := tt.Version(); got != want {
			t.Errorf("%s: version %q, want %q", behaviour, got, want)
		}
	}
	covered := newTarget()
	covered.VersionCommand = []string{
		"/bin/sh", "-c", "echo 'warning: GOCOVERDIR not set, no coverage data emitted' >&2; echo v1",
	}
	if got := covered.Version(); got != "v1" {
		t.Errorf("built by go build -cover: version %q, want v1", got)
	}
	if got := newTarget().Version(); got != "" {
		t.Errorf("no version command: version %q", got)
	}
}

func TestSemanticVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"headscale version v0.29.2 (linux/amd64)": "v0.29.2",
		"0.29.2":                       "v0.29.2",
		"nginx version: nginx/1.22":    "v1.22.0",
		"HAProxy version 2.6.12-1+deb": "v2.6.12-1",
		"v1.2.3-rc.1":                  "v1.2.3-rc.1",
		"(devel)":                      "",
		"built with go, release 7":     "",
	} {
		if got := SemanticVersion(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAutocertVersion(t *testing.T) {
	t.Parallel()
	crypto := func(version string, replace *debug.Module) *debug.BuildInfo {
		return &debug.BuildInfo{Deps: []*debug.Module{
			{Path: "golang.org/x/net", Version: "v0.60.0"},
			{Path: "golang.org/x/crypto", Version: version, Replace: replace},
		}}
	}
	for name, row := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"required": {crypto("v0.58.0", nil), "v0.58.0"},
		"replaced": {
			crypto("v0.58.0", &debug.Module{Path: "golang.org/x/crypto", Version: "v0.19.0"}), "v0.19.0",
		},
		"replaced by a folder": {crypto("v0.58.0", &debug.Module{Path: "../crypto"}), ""},
		"not used":             {&debug.BuildInfo{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := autocertVersion(row.info); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	if got := AutocertVersion("version_test.go"); got != "" {
		t.Errorf("no Go executable: %q", got)
	}
}
