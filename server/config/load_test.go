package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes a configuration file in a directory of the test's own and returns
// its path.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const allKeys = "server_url, listen_addr, tls_cert_path, tls_key_path, tls_chain_check, " +
	"tls_letsencrypt_hostname, " +
	"tls_letsencrypt_listen, tls_letsencrypt_cache_dir, tls_letsencrypt_challenge_type, " +
	"acme_url, acme_email"

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ yaml, want string }{
		"nothing": {
			"",
			"config.yaml: found something else (no documents in stream), expected a YAML " +
				"mapping of configuration keys",
		},
		"a list": {
			"- server_url\n",
			"config.yaml:1: found a list, expected a mapping of configuration keys",
		},
		"a word": {
			"server_url\n",
			`config.yaml:1: found the string "server_url", expected a mapping of ` +
				`configuration keys`,
		},
		"broken YAML": {"listen_addr: :80\nserver_url: [\n",
			"config.yaml:2: found something else (did not find expected node content), " +
				"expected a YAML mapping of configuration keys"},
		"two documents": {"server_url: http://a.test\n---\nlisten_addr: :80\n",
			"config.yaml: found something else (expected single document, found multiple), " +
				"expected a YAML mapping of configuration keys"},
		"unknown key": {
			"tls_cert: cert.pem\n",
			"config.yaml:1: tls_cert: found an unknown key, expected one of " + allKeys,
		},
		"duplicate key": {"listen_addr: :80\nlisten_addr: :81\n",
			"config.yaml:2: listen_addr: found the key a second time, expected it once (it " +
				"stands on line 1 already)"},
		"number": {
			"listen_addr: 8080\n",
			"config.yaml:1: listen_addr: found the number 8080, expected a string",
		},
		"boolean": {
			"tls_cert_path: true\ntls_key_path: k\n",
			"config.yaml:1: tls_cert_path: found the boolean true, expected a string",
		},
		"list": {
			"acme_email: [a@b.test]\n",
			"config.yaml:1: acme_email: found a list, expected a string",
		},
		"mapping": {"acme_url: {a: b}\n", "config.yaml:1: acme_url: found a mapping, expected a string"},
		"alias of a number": {
			"server_url: &x 7\nacme_email: *x\n",
			"config.yaml:1: server_url: found the number 7, expected a " +
				"string\nconfig.yaml:2: acme_email: found the number 7, expected a string",
		},
		"certificate without key": {"tls_cert_path: c.pem\n",
			"config.yaml:1: tls_cert_path: found it without tls_key_path, expected both keys " +
				"or neither"},
		"key without certificate": {"\ntls_key_path: k.pem\n",
			"config.yaml:2: tls_key_path: found it without tls_cert_path, expected both keys " +
				"or neither"},
		"host name and certificate": {"tls_cert_path: c.pem\ntls_key_path: " +
			"k.pem\ntls_letsencrypt_hostname: a.test\n",
			"config.yaml:3: tls_letsencrypt_hostname: found it together with an own " +
				"certificate, expected either tls_letsencrypt_hostname or tls_cert_path and " +
				"tls_key_path, not both"},
		"host name and key": {"tls_key_path: k.pem\ntls_letsencrypt_hostname: a.test\n",
			"config.yaml:2: tls_letsencrypt_hostname: found it together with an own " +
				"certificate, expected either tls_letsencrypt_hostname or tls_cert_path and " +
				"tls_key_path, not both"},
		"challenge type in lower case": {"tls_letsencrypt_challenge_type: http-01\n",
			`config.yaml:1: tls_letsencrypt_challenge_type: found "http-01", expected HTTP-01 ` +
				`or TLS-ALPN-01`},
		"challenge type DNS-01": {"tls_letsencrypt_challenge_type: DNS-01\n",
			`config.yaml:1: tls_letsencrypt_challenge_type: found "DNS-01", expected HTTP-01 ` +
				`or TLS-ALPN-01`},
		"chain check": {
			"tls_chain_check: strict\n",
			`config.yaml:1: tls_chain_check: found "strict", expected enforce, warn or off`,
		},
		"server URL without scheme": {"server_url: a.test\n",
			`config.yaml:1: server_url: found "a.test", expected a URL that starts with ` +
				`http:// or https:// and names a host`},
		"server URL with a bad port": {"server_url: https://a.test:99999\n",
			`config.yaml:1: server_url: found "https://a.test:99999", expected a URL that ` +
				`starts with http:// or https:// and names a host`},
		"address without port": {
			"listen_addr: localhost\n",
			`config.yaml:1: listen_addr: found "localhost", expected an address as host:port ` +
				`or :port`,
		},
		"address with a bad port": {"tls_letsencrypt_listen: ':99999'\n",
			`config.yaml:1: tls_letsencrypt_listen: found ":99999", expected an address as ` +
				`host:port or :port`},
		"host name that is none": {"tls_letsencrypt_hostname: localhost\n",
			`config.yaml:1: tls_letsencrypt_hostname: found "localhost" (no fully qualified ` +
				`name), expected a fully qualified host name`},
		"host name that is an address": {"tls_letsencrypt_hostname: 192.0.2.1\n",
			`config.yaml:1: tls_letsencrypt_hostname: found "192.0.2.1" (an IP address), ` +
				`expected a fully qualified host name`},
		"plain ACME URL": {
			"acme_url: http://acme.test/dir\n",
			`config.yaml:1: acme_url: found "http://acme.test/dir", expected the https:// ` +
				`URL of an ACME directory`,
		},
		"e-mail": {
			"acme_email: mailto:a@b.test\n",
			`config.yaml:1: acme_email: found "mailto:a@b.test", expected an e-mail address ` +
				`such as admin@example.com`,
		},
		"cache directory that is a file": {"tls_letsencrypt_hostname: " +
			"a.test\ntls_letsencrypt_cache_dir: config.yaml\n",
			"config.yaml:2: tls_letsencrypt_cache_dir: found the file config.yaml, expected a " +
				"directory, or a path where one can be made"},
		"all at once, in the order of lines": {"tls_key_path: k.pem\nlisten_addr: 1\nacme_url: " +
			"ftp://x\nbogus: 1\n",
			"config.yaml:1: tls_key_path: found it without tls_cert_path, expected both keys " +
				"or neither\n" +
				"config.yaml:2: listen_addr: found the number 1, expected a string\n" +
				`config.yaml:3: acme_url: found "ftp://x", expected the https:// URL of an ` +
				`ACME directory` + "\n" +
				"config.yaml:4: bogus: found an unknown key, expected one of " + allKeys},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, test.yaml)
			_, err := Load(file)
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.ReplaceAll(err.Error(), file, "config.yaml")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestLoadRefusesUnreadableFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "absent.yaml"): "found no readable file (no such file or " +
			"directory), expected a readable configuration file",
		dir: "found no readable file (is a directory), expected " +
			"a readable configuration file",
	} {
		_, err := Load(path)
		if err == nil || err.Error() != path+": "+want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

// A file that is no configuration, or that somebody made to do harm, is refused with a
// short message.
func TestLoadRefusesLargeFiles(t *testing.T) {
	t.Parallel()
	var unknown strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&unknown, "key_%d: x\n", i)
	}
	long := strings.Repeat("k", 500_000)
	for name, test := range map[string]struct{ yaml, want string }{
		"many unknown keys": {unknown.String(), ": 59950 more mistakes"},
		"long key":          {long + ": x\n", "…: found an unknown key"},
		"long number":       {"listen_addr: " + strings.Repeat("1", 500_000) + "\n", "found \"1111"},
		"long string":       {"- " + long + "\n", "found a list"},
		"deep list":         {strings.Repeat("[", maxSize), "found something else"},
		"too large": {
			strings.Repeat("#", maxSize) + "\n",
			"found more than 1048576 bytes, expected a configuration file of that size at most",
		},
		"aliases of aliases": {
			"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" +
				"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nlisten_addr: *c\n",
			"listen_addr: found a list, expected a string",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(write(t, test.yaml))
			if err == nil {
				t.Fatal("found no error")
			}
			if got := err.Error(); !strings.Contains(got, test.want) || len(got) > 32<<10 {
				t.Errorf("found %d bytes that begin with %.300q, expected at most 32 KiB with %q",
					len(got), got, test.want)
			}
		})
	}
}

func TestLoadFillsInDefaults(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"absent keys": "server_url: http://a.test\n",
		"empty keys": "server_url: http://a.test/\nlisten_addr: ''\ntls_cert_path: " +
			"''\ntls_key_path: ''\ntls_letsencrypt_hostname: ''\n" +
			"tls_letsencrypt_listen: ''\ntls_letsencrypt_cache_dir: " +
			"''\ntls_letsencrypt_challenge_type: ''\nacme_url: ''\nacme_email: " +
			"''\ntls_chain_check: ''\n",
		"null keys": "server_url: http://a.test\ntls_letsencrypt_challenge_type:\nlisten_addr: ~\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, yaml)
			got, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			if got.ServerURL.String() != "http://a.test" || got.Mode() != Plain {
				t.Errorf("got server_url %v, mode %v", got.ServerURL, got.Mode())
			}
			got.ServerURL, got.lines = nil, nil
			want := Config{
				File: file, ListenAddr: "127.0.0.1:8080", ChainCheck: Enforce,
				ACMEListen: ":http", ChallengeType: HTTP01,
				CacheDir: filepath.Join(filepath.Dir(file),
					".cache"), ACMEURL: "https://acme-v02.api.letsencrypt.org/directory",
			}
			if diff := cmp.Diff(want, *got, cmp.AllowUnexported(Config{})); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestHostnameIsNormalised(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"a.test": "a.test", "HS.Example.Test": "hs.example.test", "a.test.": "a.test",
		"bücher.test": "xn--bcher-kva.test", "BÜCHER.test.": "xn--bcher-kva.test",
		"xn--bcher-kva.test": "xn--bcher-kva.test",
	} {
		cfg, err := Load(write(t, "tls_letsencrypt_hostname: "+given+"\n"))
		if err != nil || cfg.Hostname != want || cfg.Mode() != ACME {
			t.Errorf("%s: got %+v, %v, want %s", given, cfg, err, want)
		}
	}
	for _, given := range []string{
		"a..test", "*.a.test", "a b.test", "https://a.test", "a.test:443", "a_b.test",
		".test", "::1",
	} {
		if _, err := Load(write(t, "tls_letsencrypt_hostname: '"+given+"'\n")); err == nil {
			t.Errorf("%s: accepted", given)
		}
	}
}

// TestDocumentedBlock loads the keys of the documentation as it prints them,
// with each key as it is, empty, and absent.
func TestDocumentedBlock(t *testing.T) {
	t.Parallel()
	block := []struct{ key, value string }{
		{"acme_url", "https://acme-v02.api.letsencrypt.org/directory"},
		{"acme_email", ""},
		{"tls_letsencrypt_hostname", ""},
		{"tls_letsencrypt_cache_dir", ".cache"},
		{"tls_letsencrypt_challenge_type", "HTTP-01"},
		{"tls_letsencrypt_listen", ":http"},
		{"tls_cert_path", ""},
		{"tls_key_path", ""},
	}
	load := func(t *testing.T, hostname string, line func(i int, key, value string) string) *Config {
		t.Helper()
		text := "listen_addr: :8443\n"
		for i, entry := range block {
			if entry.key == KeyHostname && hostname != "" {
				text += KeyHostname + ": " + hostname + "\n"
				continue
			}
			text += line(i, entry.key, entry.value)
		}
		file := write(t, text)
		cfg, err := Load(file)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		cfg.lines, cfg.File = nil, ""
		cfg.CacheDir = strings.TrimPrefix(cfg.CacheDir, filepath.Dir(file))
		return cfg
	}
	asPrinted := func(_ int, key, value string) string { return fmt.Sprintf("%s: %q\n", key, value) }
	empty := func(_ int, key, _ string) string { return key + ": \"\"\n" }
	null := func(_ int, key, _ string) string { return key + ":\n" }
	absent := func(int, string, string) string { return "" }
	for _, hostname := range []string{"", "a.test"} {
		want := Config{
			ListenAddr: ":8443", ChainCheck: Enforce, Hostname: hostname,
			ACMEListen: ":http", CacheDir: "/.cache",
			ChallengeType: HTTP01, ACMEURL: "https://acme-v02.api.letsencrypt.org/directory",
		}
		check := func(name string, got *Config) {
			t.Helper()
			if diff := cmp.Diff(want, *got, cmp.AllowUnexported(Config{})); diff != "" {
				t.Errorf("%s, host name %q: -want +got\n%s", name, hostname, diff)
			}
			if acme := got.Mode() == ACME; acme != (hostname != "") ||
				!acme && got.Mode() != Plain {
				t.Errorf("%s, host name %q: got mode %v", name, hostname, got.Mode())
			}
		}
		check("as printed", load(t, hostname, asPrinted))
		for form, line := range map[string]func(int, string, string) string{
			"empty": empty, "null": null, "absent": absent,
		} {
			check("all "+form, load(t, hostname, line))
			for alone, entry := range block {
				check(entry.key+" "+form, load(t, hostname, func(i int, key, value string) string {
					if i == alone {
						return line(i, key, value)
					}
					return asPrinted(i, key, value)
				}))
			}
		}
	}
}
