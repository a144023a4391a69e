package acme

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
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
		"path and query kept":       {"https://a.test:8443", "GET", "/a%20b/?x=1&y=%2F", "a.test", 302, "https://a.test:8443/a%20b/?x=1&y=%2F"},
		"HEAD":                      {"https://a.test", "HEAD", "/", "a.test", 302, "https://a.test/"},
		"another host":              {"https://a.test", "GET", "/x", "b.test", 302, "https://a.test/x"},
		"method kept":               {"https://a.test", "POST", "/x", "a.test", 307, "https://a.test/x"},
		"server_url with a path":    {"https://a.test/hs", "GET", "/x", "a.test", 302, "https://a.test/hs/x"},
		"server_url absent":         {"", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"server_url is plain HTTP":  {"http://a.test:8080", "GET", "/x", "a.test", 302, "https://a.test/x"},
		"no foreign host by path":   {"https://a.test", "GET", "//evil.test/", "a.test", 302, "https://a.test//evil.test/"},
		"unknown token":             {"https://a.test", "GET", "/.well-known/acme-challenge/x", "a.test", 404, ""},
		"challenge for another":     {"https://a.test", "GET", "/.well-known/acme-challenge/x", "b.test", 403, ""},
		"challenge for the address": {"https://a.test", "GET", "/.well-known/acme-challenge/x", "192.0.2.1", 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := &config.Config{}
			if test.serverURL != "" {
				cfg.ServerURL, _ = url.Parse(test.serverURL)
			}
			r := httptest.NewRequest(test.method, test.target, nil)
			r.URL, _ = url.ParseRequestURI(test.target)
			r.Host = test.host
			w := httptest.NewRecorder()
			source(t, cfg).ChallengeHandler(cfg).ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("Location") != test.location {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Header().Get("Location"), test.status, test.location)
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
