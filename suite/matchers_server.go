package suite

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
)

// BeRefusal: the target refused its configuration. That means: it exited with
// a code other than 0, said why, in words that contain each of these, opened
// no listener and left no file. A target whose file says that it only logs
// what is wrong may live on, without the listener.
func BeRefusal(words ...string) types.GomegaMatcher {
	expected := "a refusal: exit code not 0, a message, no listener, no file written"
	if len(words) > 0 {
		expected = "a refusal that names " + strings.Join(words, ", ") + ": exit code not 0, no listener, no file written"
	}
	return match(expected, func(r *Refusal) (bool, string) {
		named := strings.TrimSpace(r.Log) != ""
		for _, word := range words {
			named = named && strings.Contains(r.Log, word)
		}
		return r.refused() && named, r.String()
	})
}

// BeRefusalNamingOneOf: a refusal whose message contains at least one of
// these.
func BeRefusalNamingOneOf(words ...string) types.GomegaMatcher {
	return match("a refusal that names "+strings.Join(words, " or ")+": exit code not 0, no listener, no file written", func(r *Refusal) (bool, string) {
		named := false
		for _, word := range words {
			named = named || strings.Contains(r.Log, word)
		}
		return r.refused() && named, r.String()
	})
}

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
	return match("a file that holds the certificate "+name(want), func(path string) (bool, string) {
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
				held = append(held, name(cert))
				if cert.Equal(want) {
					return true, strings.Join(held, ", ")
				}
			}
		}
		return false, fmt.Sprintf("%s holds %v", filepath.Base(path), held)
	})
}

// LogOnce: exactly one line of the log contains this text.
func LogOnce(text string) types.GomegaMatcher {
	return match("exactly one log line with "+text, func(v *Server) (bool, string) {
		var found []string
		for _, line := range v.Process.Log().Lines() {
			if strings.Contains(line.Words(), text) {
				found = append(found, line.Text)
			}
		}
		return len(found) == 1, fmt.Sprintf("%d\n%s", len(found), strings.Join(found, "\n"))
	})
}

// BeClean: the process ended by itself, with exit code 0, in this time.
func BeClean(within time.Duration) types.GomegaMatcher {
	return match(fmt.Sprintf("an end with exit code 0 within %s of the stop signal", within), func(e sut.Ending) (bool, string) {
		return !e.EndedEarly && !e.Killed && e.Code == 0 && e.Took <= within, e.String()
	})
}
