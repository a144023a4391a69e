package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// FuzzLoad checks that a configuration is refused with a line for each mistake, short
// and in printable characters, or read into one that is complete.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"listen_addr: 127.0.0.1:8443\ntls_cert_path: a.pem\ntls_key_path: b.pem\n",
		"server_url: https://a.test\nlisten_addr: ':443'\ntls_letsencrypt_hostname: a.test\ntls_letse" +
			"ncrypt_challenge_type: TLS-ALPN-01\n",
		"server_url: https://a.test\ntls_letsencrypt_hostname: a.test\ntls_letsencrypt_cache_dir: ../" +
			"c\nacme_url: https://ca.test/dir\n",
		"tls_chain_check: warn\nlisten_addr: 1\n", "a: &a [*a]\n",
		"listen_addr: &x :1\nserver_url: *x\n", "- 1\n", "", "# nothing\n",
		"? {a: b}\n: c\n", "listen_addr: a\nlisten_addr: b\n", "listen_addr: |\n  a\n  b\n",
		"\"\\u202e\\x1b[2J\": 1\n", "\xff\xfe\x00",
		"listen_addr: !!binary aGk=\n", "tls_letsencrypt_hostname: \"a\\u200b.test\"\n",
		"a: b\n---\nc: d\n", "listen_addr: [::1]:443\n",
		"<<: {listen_addr: ':1'}\n", "tls_letsencrypt_hostname: " + strings.Repeat("a", 300) + "\n",
		"\tlisten_addr: a\n",
	} {
		f.Add(text)
	}
	file := filepath.Join(f.TempDir(), "config.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(file)
		if err == nil {
			checkConfig(t, text, cfg)
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("%q: found the error %v, expected problems", text, err)
		}
		for _, p := range problems {
			if p.Found == "" || p.Expected == "" || p.Line < 0 || p.Line > strings.Count(text, "\n")+
				strings.Count(text, "\r")+strings.Count(text, "\u0085")+strings.Count(text, "\u2028")+
				strings.Count(text, "\u2029")+1 {
				t.Errorf("%q: found the problem %+v", text, p)
			}
			message := strings.TrimPrefix(p.Error(), file)
			if at := strings.IndexFunc(message, misleads); at >= 0 || len(message) > 2000 {
				t.Errorf("%q: found the message %q of %d bytes", text, message[:min(len(message), 400)],
					len(message))
			}
		}
	})
}

func misleads(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// checkConfig checks what the rest of the server takes for granted.
func checkConfig(t *testing.T, text string, cfg *Config) {
	t.Helper()
	for name, path := range map[string]string{
		KeyCertPath: cfg.CertPath, KeyKeyPath: cfg.KeyPath, KeyCacheDir: cfg.CacheDir,
	} {
		if path != "" && !filepath.IsAbs(path) {
			t.Errorf("%q: %s is %q, expected an absolute path", text, name, path)
		}
		if strings.ContainsRune(path, 0) {
			t.Errorf("%q: %s is %q, expected no path with a NUL", text, name, path)
		}
	}
	if (cfg.CertPath == "") != (cfg.KeyPath == "") || cfg.CertPath != "" && cfg.Hostname != "" {
		t.Errorf("%q: found the configuration %+v", text, cfg)
	}
	if strings.IndexFunc(cfg.Hostname, func(r rune) bool {
		return r > unicode.MaxASCII ||
			misleads(r)
	}) >= 0 {
		t.Errorf("%q: found the host name %q", text, cfg.Hostname)
	}
}
