package sut

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/suite/internal/careful"
)

// writeFiles writes the configuration file and the target's further files.
func (t *Target) writeFiles(l *Launch, v templateData) error {
	for _, name := range slices.Sorted(maps.Keys(t.Config.Files)) {
		text, err := v.render("config.files."+name, t.Config.Files[name])
		if err != nil {
			return err
		}
		if err := l.Input.Files.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := replaceFile(l.Input.Files, name, []byte(text), 0o600); err != nil {
			return err
		}
	}
	text, err := t.configText(l, v)
	if err != nil {
		return err
	}
	switch in := l.Input; {
	case in.NoConfig:
		return in.Files.RemoveAll(l.ConfigFile)
	case in.Unreadable:
		return replaceFile(in.Files, l.ConfigFile, text, 0)
	default:
		return replaceFile(in.Files, l.ConfigFile, text, 0o600)
	}
}

// replaceFile writes a file. It removes what is there first, since that may be
// unreadable, of another mode, or whatever a server has put in its place.
func replaceFile(in *careful.Dir, name string, text []byte, mode fs.FileMode) error {
	if err := in.RemoveAll(name); err != nil {
		return err
	}
	if err := in.WriteFile(name, text, 0o600); err != nil {
		return err
	}
	return in.Chmod(name, mode)
}

// configText returns the content of the configuration file.
func (t *Target) configText(l *Launch, v templateData) ([]byte, error) {
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

// renderValue renders every text of a YAML value.
func (v templateData) renderValue(key string, value any) (any, error) {
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

// merge copies over into base. Mappings are merged key by key, and nil removes a
// key.
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
