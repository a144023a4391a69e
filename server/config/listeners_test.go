package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestListenersAtOnePort(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		site, challenge string
		collide         bool
	}{
		{":80", ":80", true},
		{":80", ":http", true},
		{":http", ":80", true},
		{"0.0.0.0:80", ":80", true},
		{":80", "0.0.0.0:80", true},
		{"[::]:80", ":80", true},
		{"[::]:80", "0.0.0.0:80", true},
		{"[0:0::0]:80", "127.0.0.1:80", true},
		{"[::ffff:0.0.0.0]:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", ":80", true},
		{"127.0.0.1:http", "[::]:80", true},
		{"[::1]:80", "0.0.0.0:80", true},
		{"[::1]:80", ":80", true},
		{"127.0.0.1:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", "[::ffff:127.0.0.1]:80", true},
		{"[::ffff:7f00:1]:80", "127.0.0.1:80", true},
		{"[::1]:80", "[0:0:0:0:0:0:0:1]:80", true},
		{"[fe80::1%eth0]:80", "[fe80::1%eth0]:80", true},
		{"localhost:80", "127.0.0.1:80", true},
		{"localhost:80", "LOCALHOST.:80", true},
		{"host.invalid:80", "host.invalid:80", true},
		{":8443", ":8443", true},
		{":080", ":80", true},

		{":443", ":80", false},
		{":443", ":http", false},
		{":https", ":http", false},
		{"127.0.0.1:80", "127.0.0.2:80", false},
		{"127.0.0.1:80", "[::1]:80", false},
		{"[::1]:80", "127.0.0.1:80", false},
		{"[fe80::1%eth0]:80", "[fe80::1%eth1]:80", false},
		{"127.0.0.1:80", "[::ffff:127.0.0.2]:80", false},
		{"localhost:80", "127.0.0.2:80", false},
		{"host.invalid:80", "127.0.0.1:80", false},
		{":0", ":0", false},
	} {
		t.Run(test.site+" "+test.challenge, func(t *testing.T) {
			t.Parallel()
			const text = "tls_letsencrypt_hostname: a.test\nlisten_addr: '%s'\ntls_letsencrypt_listen: '%s'\n"
			_, err := Load(write(t, fmt.Sprintf(text, test.site, test.challenge)))
			if !test.collide {
				if err != nil {
					t.Errorf("got %v, want it accepted", err)
				}
				return
			}
			want := fmt.Sprintf(":3: tls_letsencrypt_listen: found %q, expected another port than that of listen_addr, which is %q",
				test.challenge, test.site)
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestListenersAtOnePortByDefault(t *testing.T) {
	t.Parallel()
	const host = "tls_letsencrypt_hostname: a.test\n"
	for yaml, want := range map[string]string{
		host + "listen_addr: :80\n": ":2: listen_addr: found \":80\", expected another port than that of " +
			"tls_letsencrypt_listen, which is \":http\"",
		host + "tls_letsencrypt_listen: :8080\n": ":2: tls_letsencrypt_listen: found \":8080\", expected another port " +
			"than that of listen_addr, which is \"127.0.0.1:8080\"",
		host: "",
		// No second listener is opened in these modes.
		host + "listen_addr: :80\ntls_letsencrypt_challenge_type: TLS-ALPN-01\n": "",
		"listen_addr: :80\ntls_letsencrypt_listen: :80\n":                        "",
		"listen_addr: :80\ntls_cert_path: c\ntls_key_path: k\n":                  "",
		// Reported once, as no address.
		host + "listen_addr: ':x'\ntls_letsencrypt_listen: ':x'\n": "config.yaml:3: tls_letsencrypt_listen: found \":x\", " +
			"expected an address as host:port or :port",
	} {
		t.Run(yaml, func(t *testing.T) {
			t.Parallel()
			_, err := Load(write(t, yaml))
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
