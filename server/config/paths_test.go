package config

import (
	"os"
	"path/filepath"
	"testing"
)

// The working directory differs from the configuration's, and the configuration
// is named relative to it.
func TestPathsCountFromTheConfigurationFile(t *testing.T) {
	base := t.TempDir()
	etc := filepath.Join(base, "etc with space", "déjà")
	if err := os.MkdirAll(etc, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(base)
	base, err := os.Getwd() // where the temporary directory is a link
	if err != nil {
		t.Fatal(err)
	}
	etc = filepath.Join(base, "etc with space", "déjà")

	for _, test := range []struct{ given, want string }{
		{"cert.pem", filepath.Join(etc, "cert.pem")},
		{"./tls/cert.pem", filepath.Join(etc, "tls", "cert.pem")},
		{"../cert.pem", filepath.Join(base, "etc with space", "cert.pem")},
		{"/srv/cert.pem", "/srv/cert.pem"},
	} {
		text := "tls_cert_path: '" + test.given + "'\ntls_key_path: key.pem\n"
		if err := os.WriteFile(filepath.Join(etc, "config.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{
			filepath.Join("etc with space", "déjà", "config.yaml"), filepath.Join(etc, "config.yaml"),
		} {
			cfg, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			if cfg.CertPath != test.want || cfg.KeyPath != filepath.Join(etc, "key.pem") ||
				cfg.CacheDir != filepath.Join(etc, ".cache") {
				t.Errorf("%s in %s: got %s, %s, %s", test.given, file, cfg.CertPath, cfg.KeyPath, cfg.CacheDir)
			}
		}
	}
}
