// Package version returns the version of the running build of Assay. It reads the
// build information that the Go toolchain puts into every executable.
package version

import (
	"runtime/debug"
	"sync"
)

// module is the path of Assay's module.
const module = "assay"

// development is used if the build information holds no version. The toolchain
// uses the same text.
const development = "(devel)"

// shortRevision is how many characters of a revision String prints.
const shortRevision = 12

// A Build identifies the source that Assay was built from.
type Build struct {
	// Version is the module's version, such as "v0.1.0", or a pseudo-version. It
	// is "(devel)" for builds with -buildvcs=false, and for embedders that replace
	// the module by a checkout.
	Version string
	// Revision is the commit, or "" if the build information does not hold it. It
	// is always "" if Assay is a dependency of another module.
	Revision string
	// Modified reports whether the checkout had changes that were not committed.
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

// from returns the build of Assay from the build information of an executable. Assay
// is the main module, or a dependency of it.
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

// dependency returns the version of Assay among dependencies. If a directory replaces
// Assay, the version is "(devel)".
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

// known returns a version, or "(devel)" if it is empty.
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
