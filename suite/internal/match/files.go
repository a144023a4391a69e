package match

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/onsi/gomega/types"
)

// HoldFiles: the directory exists and holds at least one file.
func HoldFiles() types.GomegaMatcher {
	return match("a directory that holds files", func(dir string) (bool, string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return false, err.Error()
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return len(names) > 0, fmt.Sprintf("%s holds %v", dir, names)
	})
}

// HaveMode: the file's permissions are exactly these.
func HaveMode(mode fs.FileMode) types.GomegaMatcher {
	return match(fmt.Sprintf("mode %04o", mode), func(path string) (bool, string) {
		info, err := os.Stat(path)
		if err != nil {
			return false, err.Error()
		}
		return info.Mode().Perm() == mode, fmt.Sprintf("%s has %04o", filepath.Base(path), info.Mode().Perm())
	})
}

// HoldCertificate: the PEM file holds this certificate.
func HoldCertificate(want *x509.Certificate) types.GomegaMatcher {
	return match("a file that holds the certificate "+Name(want), func(path string) (bool, string) {
		text, err := os.ReadFile(path)
		if err != nil {
			return false, err.Error()
		}
		var held []string
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != "CERTIFICATE" {
				continue
			}
			if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
				held = append(held, Name(cert))
				if cert.Equal(want) {
					return true, strings.Join(held, ", ")
				}
			}
		}
		return false, fmt.Sprintf("%s holds %v", filepath.Base(path), held)
	})
}
