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
	own := func(version, modified string) debug.BuildInfo {
		b := debug.BuildInfo{Main: debug.Module{Path: module, Version: version}}
		if modified != "" {
			b.Settings = settings(modified)
		}
		return b
	}
	embedded := func(deps ...*debug.Module) debug.BuildInfo {
		return debug.BuildInfo{
			Main:     debug.Module{Path: "example.test/little", Version: "v9.9.9"},
			Settings: settings("false"),
			Deps:     append([]*debug.Module{{Path: "other", Version: "v1.0.0"}}, deps...),
		}
	}
	replaced := func(by *debug.Module) *debug.Module {
		return &debug.Module{Path: module, Version: "v0.2.0", Replace: by}
	}
	fork := &debug.Module{Path: "fork", Version: "v0.3.0"}
	for name, row := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"a release": {own("v0.1.0", "false"), "v0.1.0 (revision 0123456789ab)"},
		"uncommitted changes": {
			own("v0.1.1-0.20260102030405-0123456789ab+dirty", "true"),
			"v0.1.1-0.20260102030405-0123456789ab+dirty (revision 0123456789ab, modified)",
		},
		"installed by go install":     {own("v0.1.0", ""), "v0.1.0"},
		"built with -buildvcs=false":  {own(development, ""), development},
		"an old toolchain":            {own("", ""), development},
		"an embedder's dependency":    {embedded(replaced(nil)), "v0.2.0"},
		"replaced by a checkout":      {embedded(replaced(&debug.Module{Path: "../.."})), development},
		"replaced by another version": {embedded(replaced(fork)), "v0.3.0"},
		"nowhere to be found":         {embedded(), development},
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
