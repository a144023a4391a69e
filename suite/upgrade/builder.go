package upgrade

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay/suite/internal/sut"
)

// A Builder builds a server in several settings and keeps the executables.
type Builder struct {
	source Source
	cache  string
	state  string
}

// executable is the file name of the server in the cache: that of the reference server, by
// which the target of that name keeps it.
const executable = sut.ReferenceServer

// keepUnused is how long an executable is kept after its last use.
const keepUnused = 30 * 24 * time.Hour

// NewBuilder checks the source tree and removes executables that have not been
// used for 30 days. It keeps executables in the directory cache, or in the user's
// cache directory if cache is "".
func NewBuilder(ctx context.Context, source Source, cache string) (*Builder, error) {
	var err error
	if source.Dir, err = filepath.Abs(source.Dir); err != nil {
		return nil, err
	}
	if err := source.check(); err != nil {
		return nil, err
	}
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("finding the cache directory: %w; --cache names another one", err)
		}
		cache = filepath.Join(dir, "assay")
	}
	if cache, err = filepath.Abs(cache); err != nil {
		return nil, err
	}
	state, err := source.state(ctx)
	if err != nil {
		return nil, err
	}
	b := &Builder{source: source, cache: filepath.Join(cache, "servers"), state: state}
	return b, b.prune()
}

// Resolve returns the version that a query such as "latest" stands for.
func (b *Builder) Resolve(ctx context.Context, query string) (string, error) {
	return toolchain{b.source.Dir}.resolve(ctx, query)
}

// Build returns the path of the server built in a setting. It builds the server
// if the cache does not hold it, and the schedule command in the same directory.
func (b *Builder) Build(ctx context.Context, s Setting) (string, error) {
	key := sha256.Sum256([]byte(strings.TrimSpace(
		executable + " " + b.state + " " + s.Version + " " + s.Go)))
	dir := filepath.Join(b.cache, fmt.Sprintf("%s%s-%x", cmp.Or(s.Version, "v"), s.Go, key[:8]))
	server := filepath.Join(dir, executable)
	if exists(server) {
		now := time.Now()
		return server, os.Chtimes(dir, now, now)
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(b.cache, "building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	if err := b.build(ctx, s, temp); err != nil {
		return "", fmt.Errorf("building %s with %s: %w", b.source.Package, s, err)
	}
	// Another process may have built the same executable in the meantime.
	err = os.Rename(temp, dir)
	if err != nil && !errors.Is(err, fs.ErrExist) && !exists(server) {
		return "", err
	}
	return server, nil
}

// build compiles the commands into dir. It uses a copy of go.mod, which replaces the
// module by the setting's version, if it has one.
func (b *Builder) build(ctx context.Context, s Setting, dir string) error {
	tools := toolchain{b.source.Dir}
	modfile := filepath.Join(dir, "go.mod")
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(b.source.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	if s.Version != "" {
		replacement := "-replace=" + Module + "=" + Module + "@" + s.Version
		if _, err := tools.run(ctx, nil, "mod", "edit", replacement, modfile); err != nil {
			return err
		}
	}
	compile := func(name, command string) error {
		// With -mod=mod, go build adds to the go.sum beside the modfile and ignores
		// a vendor directory, which holds another version.
		args := []string{"build", "-mod=mod", "-modfile=" + modfile, "-o", filepath.Join(dir, name)}
		args = append(append(args, b.source.Flags...), command)
		_, err := tools.run(ctx, slices.Concat(b.source.Env, s.build()), args...)
		return err
	}
	if b.source.Schedule != "" {
		if err := compile(b.source.ScheduleName, b.source.Schedule); err != nil {
			return err
		}
	}
	if err := compile(executable, b.source.Package); err != nil {
		return err
	}
	server := filepath.Join(dir, executable)
	found := sut.AutocertVersion(server)
	switch {
	case s.Version != "" && found == "":
		return fmt.Errorf("the executable does not contain %s, expected version %s", Module, s.Version)
	case s.Version != "" && found != s.Version:
		return fmt.Errorf("the executable contains version %s of %s, expected %s",
			found, Module, s.Version)
	}
	return s.checkToolchain(server)
}

// prune removes executables that have not been used for keepUnused, and what
// interrupted builds left.
func (b *Builder) prune() error {
	entries, err := os.ReadDir(b.cache)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		built := strings.HasPrefix(entry.Name(), "v") || strings.HasPrefix(entry.Name(), "building-")
		info, err := entry.Info()
		if err != nil || !built || time.Since(info.ModTime()) < keepUnused {
			continue
		}
		if err := os.RemoveAll(filepath.Join(b.cache, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
