package config

import (
	"crypto/x509"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	const own = "tls_cert_path: c.pem\ntls_key_path: k.pem\n"
	const acme = "tls_letsencrypt_hostname: a.test\n"
	for name, test := range map[string]struct{ yaml, want string }{
		"plain and http":          {"server_url: http://a.test\n", ""},
		"own certificate, https":  {own + "server_url: https://a.test\n", ""},
		"ACME and https":          {acme + "server_url: https://A.test.:8443/\n", ""},
		"no server_url":           {acme, ""},
		"HTTP-01 on another port": {acme + "listen_addr: :8443\n", ""},
		"TLS-ALPN-01 on 443": {
			acme + "tls_letsencrypt_challenge_type: TLS-ALPN-01\nlisten_addr: :https\n", "",
		},
		"plain but https": {"server_url: https://a.test\n",
			`config.yaml:1: server_url: found "https://a.test", expected http:// because no ` +
				`TLS is configured`},
		"own certificate but http": {own + "server_url: http://a.test\n",
			`config.yaml:3: server_url: found "http://a.test", expected https:// because TLS ` +
				`is configured`},
		"another host": {acme + "server_url: https://b.test\n",
			`config.yaml:1: tls_letsencrypt_hostname: found "a.test", expected the host of ` +
				`server_url, which is "b.test"`},
		"TLS-ALPN-01 on another port": {acme + "tls_letsencrypt_challenge_type: " +
			"TLS-ALPN-01\nlisten_addr: :8443\n",
			`config.yaml:3: listen_addr: found ":8443", expected port 443 for challenge type ` +
				`TLS-ALPN-01, unless port 443 is forwarded to it`},
		"TLS-ALPN-01 on the default port": {acme + "tls_letsencrypt_challenge_type: TLS-ALPN-01\n",
			`config.yaml: listen_addr: found "127.0.0.1:8080", expected port 443 for challenge ` +
				`type TLS-ALPN-01, unless port 443 is forwarded to it`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, test.yaml)
			cfg, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(strings.Join(cfg.Warnings(), "\n"), file, "config.yaml")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestNameWarning(t *testing.T) {
	t.Parallel()
	leaf := &x509.Certificate{
		DNSNames:    []string{"a.test", "*.b.test", "xn--bcher-kva.test"},
		IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)},
	}
	for url, warned := range map[string]bool{
		"https://a.test":        false,
		"https://A.test.:8443/": false,
		"https://www.b.test":    false,
		"https://bücher.test":   false,
		"https://192.0.2.1":     false,
		"https://b.test":        true,
		"https://x.www.b.test":  true,
		"https://c.test":        true,
		"https://192.0.2.2":     true,
		"":                      false,
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			cfg, err := Load(write(t, "server_url: '"+url+"'\ntls_cert_path: "+
				"c.pem\ntls_key_path: k.pem\n"))
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.NameWarning(leaf); (got != "") != warned {
				t.Errorf("got %q; warned should be %t", got, warned)
			}
		})
	}
}
