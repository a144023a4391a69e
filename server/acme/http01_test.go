package acme

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"assay/server/config"
)

func source(t *testing.T, cfg *config.Config) *Source {
	t.Helper()
	cfg.Hostname = "a.test"
	cfg.CacheDir = t.TempDir()
	return NewSource(cfg, log.New(io.Discard, "", 0))
}

func TestChallengeListener(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		serverURL, method, target, host string
		status                          int
		location                        string
	}{
		"path and query kept": {
			"https://a.test:8443", "GET", "/a%20b/?x=1&y=%2F", "a.test", 302,
			"https://a.test:8443/a%20b/?x=1&y=%2F",
		},
		"HEAD":         {"https://a.test", "HEAD", "/", "a.test", 302, "https://a.test/"},
		"another host": {"https://a.test", "GET", "/x", "b.test", 302, "https://a.test/x"},
		"method kept":  {"https://a.test", "POST", "/x", "a.test", 307, "https://a.test/x"},
		"server_url with a path": {
			"https://a.test/hs", "GET", "/x", "a.test", 302, "https://a.test/hs/x",
		},
		"server_url absent": {"", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"server_url is plain HTTP": {
			"http://a.test:8080", "GET", "/x", "a.test", 302, "https://a.test/x",
		},
		"no foreign host by path": {
			"https://a.test", "GET", "//evil.test/", "a.test", 302, "https://a.test//evil.test/",
		},
		"port 443": {"https://a.test:443", "GET", "/x", "a.test", 302, "https://a.test:443/x"},
		"port 443 and a slash": {
			"https://a.test:443/", "GET", "/x", "a.test", 302, "https://a.test:443/x",
		},
		"empty port":         {"https://a.test:", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"scheme in capitals": {"HTTPS://a.test", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"host in capitals":   {"https://HS.A.Test", "GET", "/x", "a.test", 302, "https://hs.a.test/x"},
		"host with a final dot": {
			"https://a.test.:8443", "GET", "/x", "a.test", 302, "https://a.test:8443/x",
		},
		"slash":          {"https://a.test/", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"slashes":        {"https://a.test//", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"path and slash": {"https://a.test/hs/", "GET", "/", "a.test", 302, "https://a.test/hs/"},
		"escaped path": {
			"https://a.test/a%2Fb%20c", "GET", "/x", "a.test", 302, "https://a.test/a%2Fb%20c/x",
		},
		"IPv4": {"https://192.0.2.1:8443", "GET", "/x", "a.test", 302, "https://192.0.2.1:8443/x"},
		"IPv6": {"https://[2001:db8::1]", "GET", "/x", "a.test", 302, "https://[2001:db8::1]/x"},
		"IPv6 with a port": {
			"https://[2001:db8::1]:8443/", "GET", "/x?y", "a.test", 302,
			"https://[2001:db8::1]:8443/x?y",
		},
		"IDN": {
			"https://bücher.test:8443", "GET", "/x", "a.test", 302,
			"https://xn--bcher-kva.test:8443/x",
		},
		"plain HTTP in capitals": {"HTTP://a.test", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"unknown token": {
			"https://a.test", "GET", "/.well-known/acme-challenge/x", "a.test", 404, "",
		},
		"challenge for another": {
			"https://a.test", "GET", "/.well-known/acme-challenge/x", "b.test", 403, "",
		},
		"challenge for the address": {
			"https://a.test", "GET", "/.well-known/acme-challenge/x", "192.0.2.1", 403, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "config.yaml")
			text := fmt.Sprintf("tls_letsencrypt_hostname: a.test\nserver_url: %q\n", test.serverURL)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(test.method, test.target, nil)
			r.URL, _ = url.ParseRequestURI(test.target)
			r.Host = test.host
			w := httptest.NewRecorder()
			source(t, cfg).ChallengeHandler(cfg).ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("Location") != test.location {
				t.Errorf("got %d %q, want %d %q",
					w.Code, w.Header().Get("Location"), test.status, test.location)
			}
		})
	}
}

func TestAsteriskIsNoPartOfTheHost(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL = &url.URL{Path: "*"}
	w := httptest.NewRecorder()
	redirectTo("https://a.test").ServeHTTP(w, r)
	if got := w.Header().Get("Location"); got != "https://a.test/" {
		t.Errorf("got %s", got)
	}
}
