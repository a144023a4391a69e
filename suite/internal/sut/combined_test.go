package sut

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestCombinedPair(t *testing.T) {
	t.Parallel()
	const both = "cert.pem-and-key.pem"
	write := func(mode fs.FileMode, names ...string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, name := range names {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(name), mode); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, row := range map[string]struct {
		cert, key any
		given     func(t *testing.T, dir string)
		path      string // in .Keys.tls_cert_path, without the directory
		text      string // "" if there is no file
		mode      fs.FileMode
		cannot    string
	}{
		"both": {cert: "cert.pem", key: "key.pem", given: write(0o640, "cert.pem", "key.pem"),
			path: both, text: "cert.pem\nkey.pem", mode: 0o640},
		"no key": {cert: "cert.pem", key: "key.pem", given: write(0o600, "cert.pem"), path: both,
			text: "cert.pem", mode: 0o600},
		"neither": {cert: "cert.pem", key: "key.pem", given: write(0o600), path: both},
		"unreadable": {cert: "cert.pem", key: "key.pem", given: write(0, "cert.pem", "key.pem"),
			path: both, text: "cert.pem\nkey.pem"},
		"one already": {cert: "a.pem", key: "a.pem", given: write(0o600, "a.pem"), path: "a.pem"},
		"not set":     {given: write(0o600)},
		"cert alone": {cert: "cert.pem", given: write(0o600, "cert.pem"),
			cannot: "it has one setting for certificate and key, and the test sets one of the two alone"},
		"not text": {cert: 17, key: "key.pem", given: write(0o600),
			cannot: "it has one setting for certificate and key, and the test sets one of the two alone"},
		"a directory": {
			cert: "cert.pem", key: "key.pem", path: both,
			given:  func(_ *testing.T, dir string) { os.Mkdir(filepath.Join(dir, "cert.pem"), 0o700) },
			cannot: "a directory cannot be a part of the file with certificate and key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			row.given(t, dir)
			tt := fake(t, "exit", func(tt *Target) {
				tt.Pair = CombinedPair
				tt.Config.Template = "{{.Keys.tls_cert_path}}={{.Keys.tls_key_path}}"
			})
			keys := map[string]any{"tls_cert_path": row.cert, "tls_key_path": row.key}
			l, err := tt.Prepare(Input{Dir: dir, Keys: keys})
			if err == nil {
				if got, want := content(t, l.ConfigFile), row.path+"="+row.path; got != want {
					t.Errorf("configuration %q, want %q", got, want)
				}
				var p *Process
				if p, err = Start(l, nil); err == nil {
					<-p.Exited()
				}
			}
			if cannot := (*Inexpressible)(nil); errors.As(err, &cannot) {
				if cannot.Reason != row.cannot {
					t.Errorf("cannot: %q, want %q", cannot.Reason, row.cannot)
				}
				return
			} else if err != nil || row.cannot != "" {
				t.Fatalf("got %v, want %q", err, row.cannot)
			}
			file := filepath.Join(dir, both)
			info, err := os.Stat(file)
			if (err == nil) != (row.text != "") {
				t.Fatalf("the combined file: %v", err)
			}
			if row.text == "" {
				return
			}
			if info.Mode().Perm() != row.mode {
				t.Errorf("mode %v, want %v", info.Mode().Perm(), row.mode)
			}
			os.Chmod(file, 0o600)
			if got := content(t, file); got != row.text && row.mode != 0 {
				t.Errorf("content %q, want %q", got, row.text)
			}
			if !l.Owns(both) || l.Owns("cert.pem") {
				t.Error("the combined file, and no part, belongs to the launch")
			}
		})
	}
}
