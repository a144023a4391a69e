package sut

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// writeFiles writes the config file and the target's further files.
func (t *Target) writeFiles(l *Launch, v view) error {
	for _, name := range slices.Sorted(maps.Keys(t.Config.Files)) {
		text, err := v.render("config.files."+name, t.Config.Files[name])
		if err != nil {
			return err
		}
		path := filepath.Join(l.Input.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := write(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	text, err := t.configText(l, v)
	if err != nil {
		return err
	}
	switch in := l.Input; {
	case in.NoConfig:
		if err := os.Remove(l.ConfigFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case in.Unreadable:
		return write(l.ConfigFile, text, 0)
	default:
		return write(l.ConfigFile, text, 0o600)
	}
}

// write replaces a file. One that is there is removed first: it may be
// unreadable, or have another mode.
func write(path string, text []byte, mode fs.FileMode) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// configText is the content of the config file.
func (t *Target) configText(l *Launch, v view) ([]byte, error) {
	l.configuration = v.Keys
	if t.Config.Base.Kind == 0 {
		if l.Input.Raw != nil && !strings.Contains(t.Config.Template, ".Raw") {
			return l.Input.Raw, nil
		}
		text, err := v.render("config.template", t.Config.Template)
		return []byte(text), err
	}
	base := map[string]any{}
	if err := t.Config.Base.Load(&base); err != nil {
		return nil, fmt.Errorf("config.base: %w", err)
	}
	rendered, err := v.renderValue("config.base", base)
	if err != nil {
		return nil, err
	}
	merged := rendered.(map[string]any)
	merge(merged, l.Input.Keys)
	l.configuration = merged
	if l.Input.Raw != nil {
		return l.Input.Raw, nil
	}
	if len(merged) == 0 {
		return nil, nil
	}
	return yaml.Dump(merged, yaml.WithLineWidth(-1)) // sorts the keys of mappings
}

// renderValue renders every string of a YAML value.
func (v view) renderValue(key string, value any) (any, error) {
	var err error
	switch value := value.(type) {
	case string:
		return v.render(key, value)
	case map[string]any:
		for name, inner := range value {
			if value[name], err = v.renderValue(key+"."+name, inner); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, inner := range value {
			if value[i], err = v.renderValue(fmt.Sprintf("%s[%d]", key, i), inner); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// merge lays over on top of base, mapping by mapping; nil removes a key.
func merge(base, over map[string]any) {
	for name, value := range over {
		below, isMap := base[name].(map[string]any)
		above, areMaps := value.(map[string]any)
		switch {
		case value == nil:
			delete(base, name)
		case isMap && areMaps:
			merge(below, above)
		default:
			base[name] = value
		}
	}
}
