package upgrade

import (
	"debug/buildinfo"
	"fmt"
)

// A Setting is one of the ways to build and to run a server that are compared.
type Setting struct {
	Name    string   // in reports and messages, such as "go1.27.1"; a file name
	Version string   // version of [Module]; empty: the one in the server's go.mod
	Go      string   // Go toolchain, such as "go1.27.1"; empty: the one at hand
	Env     []string // environment variables for the target, KEY=VALUE
	CA      string   // preset of the CA; empty: the default one
}

// WithVersion returns the setting for a version of [Module].
func WithVersion(version string) Setting { return Setting{Name: version, Version: version} }

// String returns the name for sentences.
func (s Setting) String() string {
	if s.Version != "" {
		return Module + " " + s.Version
	}
	return s.Name
}

// build returns the environment variables for the go command that the setting needs.
func (s Setting) build() []string {
	if s.Go == "" {
		return nil
	}
	return []string{"GOTOOLCHAIN=" + s.Go}
}

// checkToolchain returns an error if another toolchain than that of the setting built an
// executable.
func (s Setting) checkToolchain(executable string) error {
	if s.Go == "" {
		return nil
	}
	info, err := buildinfo.ReadFile(executable)
	if err != nil {
		return err
	}
	if info.GoVersion != s.Go {
		return fmt.Errorf("the executable was built by %s, expected %s", info.GoVersion, s.Go)
	}
	return nil
}
