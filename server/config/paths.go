package config

import "path/filepath"

// resolve makes a path of the configuration absolute. Relative ones count from the directory of the configuration
// file, never from the working directory (headscale TLS documentation). The file's own links are not followed: a
// linked configuration file counts from where the link stands.
func resolve(file, path string) (string, error) {
	if path == "" || filepath.IsAbs(path) {
		return path, nil
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, path), nil
}
