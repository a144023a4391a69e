package main

import (
	"errors"
	"fmt"

	"assay/server/certificate"
	"assay/server/config"
)

func files(cfg *config.Config) certificate.Files {
	return certificate.Files{CertPath: cfg.CertPath, KeyPath: cfg.KeyPath, ChainCheck: cfg.ChainCheck}
}

// pairProblems checks the own certificate of a configuration that is refused
// already, so that all mistakes are reported at once.
func pairProblems(cfg *config.Config) error {
	if cfg == nil || cfg.CertPath == "" || cfg.KeyPath == "" {
		return nil
	}
	_, _, err := certificate.Load(files(cfg))
	return placed(cfg, err)
}

// placed adds to each problem of a pair the place where the configuration names
// the file.
func placed(cfg *config.Config, err error) error {
	if err == nil {
		return nil
	}
	var lines []error
	for _, line := range certificate.Lines(err) {
		var file *certificate.FileError
		if errors.As(line, &file) {
			line = fmt.Errorf("%s: %s", cfg.At(file.Key), file.Detail())
		}
		lines = append(lines, line)
	}
	return errors.Join(lines...)
}
