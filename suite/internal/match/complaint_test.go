package match

import (
	"slices"
	"testing"
)

// A line is a complaint if a healthy start has none like it, and if it says more
// than a key and its value.
func TestComplaints(t *testing.T) {
	t.Parallel()
	c := Complaints{
		Controls: []string{
			"2026/01/02 03:04:05 listen_addr=127.0.0.1:8080",
			`config {"acme_url":"","listen_addr":"127.0.0.1:8080","server_url":"","tls_cert_path":"cert.pem"}`,
			"level=info msg=key name=tls_cert_path value=cert.pem",
			"using config.yaml",
		},
		Keys:   []string{"acme_url", "listen_addr", "server_url", "tls_cert_path", "tls_key_path"},
		Values: []string{"127.0.0.1:8080", "127.0.0.1:9", "cert.pem", "other.pem", "tls_certificate: other.pem"},
	}
	for line, complaint := range map[string]string{
		"2026/11/12 13:14:15 listen_addr=127.0.0.1:9":              "",
		"tls_key_path: other.pem":                                  "",
		"    tls_certificate: other.pem":                           "",
		"level=info msg=key name=tls_key_path value=other.pem":     "",
		"using config.yaml":                                        "",
		"bad configuration":                                        "bad configuration",
		"config.yaml:3: tls_key_path: found it alone":              "config.yaml:3: tls_key_path: found it alone",
		"unknown key in \"tls_certificate: other.pem\"":            "unknown key in \"tls_certificate: other.pem\"",
		"expected one of acme_url, listen_addr, server_url, tls_x": "expected one of acme_url, listen_addr, server_url, tls_x",
		`bad configuration: acme_url= listen_addr=127.0.0.1:9 server_url= tls_key_path=other.pem`:        "bad ",
		`config {"acme_url":"","listen_addr":"127.0.0.1:9","server_url":"","tls_cert_path":"other.pem"}`: "",
	} {
		var want []string
		if complaint != "" {
			want = []string{complaint}
		}
		if got := c.In([]string{line}); !slices.EqualFunc(got, want, sameWords) {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func sameWords(a, b string) bool { return squeeze(a) == squeeze(b) }

func squeeze(s string) string { return string(slices.Compact([]rune(s))) }
