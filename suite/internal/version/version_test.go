package version

import (
	"runtime/debug"
	"testing"
)

func TestBuilds(t *testing.T) {
	t.Parallel()
	const revision = "0123456789abcdef0123456789abcdef01234567"
	settings := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs", Value: "git"},
			{Key: "vcs.revision", Value: revision},
			{Key: "vcs.modified", Value: modified},
		}
	}
	embedder := debug.Module{Path: "example.test/little", Version: "v9.9.9"}
	for name, row := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"a release": {
			debug.BuildInfo{Main: debug.Module{Path: module, Version: "v0.1.0"}, Settings: settings("false")},
			"v0.1.0 (revision 0123456789ab)",
		},
		"uncommitted changes": {
			debug.BuildInfo{Main: debug.Module{Path: module, Version: "v0.1.1-0.20261126031915-0123456789ab+dirty"}, Settings: settings("true")},
			"v0.1.1-0.20261126031915-0123456789ab+dirty (revision 0123456789ab, modified)",
		},
		"installed by go install":     {debug.BuildInfo{Main: debug.Module{Path: module, Version: "v0.1.0"}}, "v0.1.0"},
		"built with -buildvcs=false":  {debug.BuildInfo{Main: debug.Module{Path: module, Version: development}}, development},
		"an old toolchain":            {debug.BuildInfo{Main: debug.Module{Path: module}}, development},
		"an embedder's dependency":    {debug.BuildInfo{Main: embedder, Settings: settings("false"), Deps: []*debug.Module{{Path: "other", Version: "v1.0.0"}, {Path: module, Version: "v0.2.0"}}}, "v0.2.0"},
		"replaced by a checkout":      {debug.BuildInfo{Main: embedder, Deps: []*debug.Module{{Path: module, Version: "v0.0.0", Replace: &debug.Module{Path: "../.."}}}}, development},
		"replaced by another version": {debug.BuildInfo{Main: embedder, Deps: []*debug.Module{{Path: module, Version: "v0.2.0", Replace: &debug.Module{Path: "fork", Version: "v0.3.0"}}}}, "v0.3.0"},
		"nowhere to be found":         {debug.BuildInfo{Main: embedder}, development},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := from(&row.info).String(); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestTheRunningBuildHasAVersion(t *testing.T) {
	t.Parallel()
	if got := Current().Version; got == "" {
		t.Error("got no version, want one, or (devel)")
	}
}
