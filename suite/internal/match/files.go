package match

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// HoldFiles succeeds if the directory exists and holds at least one file.
func HoldFiles() types.GomegaMatcher {
	return match("a directory that holds files", func(dir string) (bool, string) {
		names, err := careful.Names(dir)
		if err != nil {
			return false, err.Error()
		}
		return len(names) > 0, fmt.Sprintf("%s holds %.20q", dir, names[:min(len(names), 20)])
	})
}

// HaveMode succeeds if the file's permissions are exactly these.
func HaveMode(mode fs.FileMode) types.GomegaMatcher {
	return match(fmt.Sprintf("mode %04o", mode), func(path string) (bool, string) {
		info, err := os.Stat(path)
		if err != nil {
			return false, err.Error()
		}
		seen := info.Mode().Perm()
		return seen == mode, fmt.Sprintf("%s has %04o", filepath.Base(path), seen)
	})
}

// HoldCertificate succeeds if the PEM file holds this certificate.
func HoldCertificate(want *x509.Certificate) types.GomegaMatcher {
	return match("a file that holds the certificate "+Name(want), func(path string) (bool, string) {
		text, err := careful.ReadFile(path, limits.File)
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

// StorageState says what became of a certificate that a server obtained.
type StorageState struct {
	Stored bool   // it is in the cache directory
	Logged bool   // the log names the directory
	Log    string // the end of the log
}

// BeStored succeeds if the certificate is in the cache directory.
func BeStored() types.GomegaMatcher {
	expected := "a certificate that is stored in the cache directory"
	return match(expected, func(s StorageState) (bool, string) {
		return s.Stored, "no file there holds it"
	})
}

// BeStoredOrLogged succeeds if the certificate is in the cache directory dir, or if
// the log names dir, unlike the log of a server that could store it.
func BeStoredOrLogged(dir string) types.GomegaMatcher {
	expected := "a certificate that is stored in " + dir +
		", or a log line that names this directory, unlike those of a server that can store it"
	return match(expected, func(s StorageState) (bool, string) {
		return s.Stored || s.Logged, "neither; the log ends with\n" + s.Log
	})
}

// Growth says by how much something has grown while a server was watched, and how
// many clients came meanwhile.
type Growth struct {
	Clients     int
	Refused     int   // of Clients
	Lines       int   // of the log, but for those that a healthy server logs too
	Files       int   // below the directory of the spec
	Descriptors int   // of open files
	Memory      int64 // bytes
}

// The bounds of [StayBounded].
const (
	linesAtMost             = 3  // and as many for each client that was refused
	filesAtMost             = 2  // one may be about to be renamed
	filesInTrouble          = 20 // of [GrowAtMost]: locks, an account and an attempt or two
	descriptorsAtMost       = 10
	memoryAtMost      int64 = 48 << 20
)

// StayBounded succeeds if hardly anything has grown. A server may log a few lines
// for each client that it refuses.
func StayBounded() types.GomegaMatcher {
	expected := fmt.Sprintf("at most %[1]d new log lines and %[1]d for each refused client, "+
		"%[2]d further files, %[3]d further open files and %[4]d MB more memory",
		linesAtMost, filesAtMost, descriptorsAtMost, memoryAtMost>>20)
	return match(expected, func(g Growth) (bool, string) {
		return g.bounded(linesAtMost*(1+g.Refused), filesAtMost), fmt.Sprintf(
			"%d new log lines, %d further files, %d further open files, %d MB more memory, "+
				"while %d clients came, of which %d were refused",
			g.Lines, g.Files, g.Descriptors, g.Memory>>20, g.Clients, g.Refused)
	})
}

// bounded reports whether there are at most so many further lines and files, and hardly
// anything else has grown.
func (g Growth) bounded(lines, files int) bool {
	return g.Lines <= lines && g.Files <= files && g.Descriptors <= descriptorsAtMost &&
		g.Memory <= memoryAtMost
}

// Since returns by how much something has grown since an earlier measurement.
func (g Growth) Since(before Growth) Growth {
	g.Lines -= before.Lines
	g.Files -= before.Files
	if g.Memory == 0 || before.Memory == 0 { // the system has no figures
		g.Descriptors, g.Memory = 0, 0
		return g
	}
	g.Descriptors -= before.Descriptors
	g.Memory -= before.Memory
	return g
}

// GrowAtMost succeeds if a log has grown by at most so many lines, and hardly anything
// else has grown.
func GrowAtMost(lines int) types.GomegaMatcher {
	expected := fmt.Sprintf("at most %d further log lines, %d further files, %d further open files "+
		"and %d MB more memory", lines, filesInTrouble, descriptorsAtMost, memoryAtMost>>20)
	return match(expected, func(g Growth) (bool, string) {
		return g.bounded(lines, filesInTrouble), fmt.Sprintf(
			"%d further log lines, %d further files, %d further open files, %d MB more memory",
			g.Lines, g.Files, g.Descriptors, g.Memory>>20)
	})
}

// BePrivate succeeds if nobody but its owner may read or write the file.
func BePrivate() types.GomegaMatcher {
	expected := "a file that its owner alone may read and write"
	return match(expected, func(path string) (bool, string) {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return true, "no file"
		}
		if err != nil {
			return false, err.Error()
		}
		mode := info.Mode().Perm()
		return mode&0o077 == 0, fmt.Sprintf("%s has mode %04o", filepath.Base(path), mode)
	})
}
