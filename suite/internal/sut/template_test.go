package sut

import (
	"errors"
	"slices"
	"testing"
)

const templated = smallest + `config:
  template: |
    {{- if and .Keys.tls_cert_path .Keys.tls_letsencrypt_hostname}}
      {{- cannot "one of the two"}}{{end}}
    cert {{.Keys.tls_cert_path}}
  names: {tls_cert_path: cert}
env: {LISTEN: "{{.Keys.listen_addr}}"}
state: [db.sqlite*, run/*.sock]
`

func TestKeysThatTheServerCannotBeTold(t *testing.T) {
	t.Parallel()
	tt := parsed(t, templated)
	prepare(t, tt, Input{Dir: t.TempDir(), Keys: map[string]any{"tls_cert_path": "a"}})

	keys := map[string]any{"tls_cert_path": "a", "tls_letsencrypt_hostname": "b"}
	_, err := tt.Prepare(Input{Dir: t.TempDir(), Keys: keys})
	var cannot *Inexpressible
	if !errors.As(err, &cannot) || cannot.Reason != "one of the two" {
		t.Errorf("got %v, want the template's reason", err)
	}
}

func TestKeysThatATemplateTakes(t *testing.T) {
	t.Parallel()
	own, plain := parsed(t, templated), parsed(t, smallest+"config: {base: {}}")
	for key, want := range map[string]struct {
		takes bool
		calls string
	}{
		"tls_cert_path":            {true, "cert"},
		"tls_letsencrypt_hostname": {true, ""},
		"listen_addr":              {true, ""}, // by the environment
		"server_url":               {false, ""},
	} {
		if takes, calls := own.CanSet(key), own.NameOf(key); takes != want.takes || calls != want.calls {
			t.Errorf("%s: takes %v, calls it %q, want %v, %q", key, takes, calls, want.takes, want.calls)
		}
		if !plain.CanSet(key) || plain.NameOf(key) != key {
			t.Errorf("%s: a server that reads YAML takes every key by its name", key)
		}
	}
}

func TestStateIsTheServersOwn(t *testing.T) {
	t.Parallel()
	tt := parsed(t, templated)
	var own []string
	for _, name := range []string{
		"db.sqlite", "db.sqlite-wal", "run/a.sock", "cache/db.sqlite", "cert.pem",
	} {
		if tt.Owns(name) {
			own = append(own, name)
		}
	}
	if want := []string{"db.sqlite", "db.sqlite-wal", "run/a.sock"}; !slices.Equal(own, want) {
		t.Errorf("own state %q, want %q", own, want)
	}
}
