package config

import "path/filepath"

// resolve makes a path of the configuration absolute. Relative paths start at
// the directory of the configuration file, never at the working directory
// (headscale TLS documentation). If the configuration file is a symbolic link,
// they start at the directory of the link.
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
