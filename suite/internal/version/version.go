// Package version tells which build of Assay is running, from the information
// that the Go toolchain puts into every executable.
package version

import (
	"runtime/debug"
	"sync"
)

// module is the path of Assay's module.
const module = "assay"

// development stands for a version that the build does not tell, as it does in
// the toolchain's own build information.
const development = "(devel)"

// shortRevision is how many characters of a revision String prints.
const shortRevision = 12

// A Build identifies the source that Assay was built from.
type Build struct {
	// Version is the module's version, "v0.1.0", a pseudo-version, or "(devel)"
	// if the build does not tell: without version control information
	// (-buildvcs=false), or in a checkout that takes the place of the module.
	Version string
	// Revision is the commit, or "" if the build does not tell. It is always ""
	// where Assay is a dependency of another module.
	Revision string
	// Modified reports whether the checkout held changes that were not
	// committed.
	Modified bool
}

var current = sync.OnceValue(func() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Version: development}
	}
	return from(info)
})

// Current returns the build that is running.
func Current() Build { return current() }

// from reads Assay's build out of an executable's build information. Assay is
// its main module, or a dependency of an embedder's.
func from(info *debug.BuildInfo) Build {
	if info.Main.Path != module {
		return Build{Version: dependency(info.Deps)}
	}
	b := Build{Version: known(info.Main.Version)}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// dependency returns the version of Assay among the dependencies of an
// embedder. A replacement by a directory has no version.
func dependency(deps []*debug.Module) string {
	for _, m := range deps {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		return known(m.Version)
	}
	return development
}

func known(version string) string {
	if version == "" {
		return development
	}
	return version
}

// String returns the version, and the revision if it is known:
// "v0.1.0 (revision 0123456789ab, modified)".
func (b Build) String() string {
	if b.Revision == "" {
		return b.Version
	}
	text := b.Version + " (revision " + b.Revision[:min(len(b.Revision), shortRevision)]
	if b.Modified {
		text += ", modified"
	}
	return text + ")"
}
