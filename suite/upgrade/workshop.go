package upgrade

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"assay/suite/internal/sut"
)

// Workshop builds a server with versions of [Module] and keeps what it built.
type Workshop struct {
	source Source
	cache  string
	state  string
}

// executable is the name under which the server is kept.
const executable = "server"

// unused is how long something built is kept after it was used last.
const unused = 30 * 24 * time.Hour

// NewWorkshop looks at the source tree. Executables are kept in the directory
// cache, or, if that is "", in the user's cache directory.
func NewWorkshop(ctx context.Context, source Source, cache string) (*Workshop, error) {
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
			return nil, fmt.Errorf("no place for what is built: %w; name one by --cache", err)
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
	w := &Workshop{source: source, cache: filepath.Join(cache, "servers"), state: state}
	return w, w.prune()
}

// Resolve makes a version of a query, such as "latest".
func (w *Workshop) Resolve(ctx context.Context, query string) (string, error) {
	return toolchain{w.source.Dir}.resolve(ctx, query)
}

// Build returns the path of the server built with this version, from the cache
// if it is there. Its schedule command lies beside it.
func (w *Workshop) Build(ctx context.Context, version string) (string, error) {
	key := sha256.Sum256([]byte(w.state + " " + version))
	dir := filepath.Join(w.cache, fmt.Sprintf("%s-%x", version, key[:8]))
	server := filepath.Join(dir, executable)
	if exists(server) {
		now := time.Now()
		return server, os.Chtimes(dir, now, now)
	}
	if err := os.MkdirAll(w.cache, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(w.cache, "building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	if err := w.build(ctx, version, temp); err != nil {
		return "", fmt.Errorf("building %s with %s %s: %w", w.source.Package, Module, version, err)
	}
	// Another process may have been quicker; what it built is the same.
	if err := os.Rename(temp, dir); err != nil && !errors.Is(err, fs.ErrExist) && !exists(server) {
		return "", err
	}
	return server, nil
}

// build compiles the commands into dir, by a go.mod of its own with a
// replacement in it.
func (w *Workshop) build(ctx context.Context, version, dir string) error {
	tools := toolchain{w.source.Dir}
	modfile := filepath.Join(dir, "go.mod")
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(w.source.Dir, name))
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
	if _, err := tools.run(ctx, nil, "mod", "edit", "-replace="+Module+"="+Module+"@"+version, modfile); err != nil {
		return err
	}
	compile := func(name, command string) error {
		// -mod=mod lets go.sum beside the modfile grow, and leaves a vendor
		// directory aside, which would hold another version.
		args := append([]string{"build", "-mod=mod", "-modfile=" + modfile, "-o", filepath.Join(dir, name)}, w.source.Flags...)
		_, err := tools.run(ctx, w.source.Env, append(args, command)...)
		return err
	}
	if w.source.Schedule != "" {
		if err := compile(w.source.ScheduleName, w.source.Schedule); err != nil {
			return err
		}
	}
	if err := compile(executable, w.source.Package); err != nil {
		return err
	}
	switch found := sut.AutocertVersion(filepath.Join(dir, executable)); found {
	case version:
		return nil
	case "":
		return errors.New("the executable does not hold the module, so no version of it can change anything")
	default:
		return fmt.Errorf("the executable holds version %s", found)
	}
}

// prune removes what has not been used for long.
func (w *Workshop) prune() error {
	entries, err := os.ReadDir(w.cache)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < unused || !strings.HasPrefix(entry.Name(), "v") && !strings.HasPrefix(entry.Name(), "building-") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(w.cache, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
