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
			`config {"acme_url":"","listen_addr":"127.0.0.1:8080","server_url":"",` +
				`"tls_cert_path":"cert.pem"}`,
			"level=info msg=key name=tls_cert_path value=cert.pem",
			"using config.yaml",
		},
		Keys: []string{"acme_url", "listen_addr", "server_url", "tls_cert_path", "tls_key_path"},
		Values: []string{"127.0.0.1:8080", "127.0.0.1:9", "cert.pem", "other.pem",
			"tls_certificate: other.pem"},
	}
	for _, row := range []struct{ line, complaint string }{
		{"2026/11/12 13:14:15 listen_addr=127.0.0.1:9", ""},
		{"tls_key_path: other.pem", ""},
		{"    tls_certificate: other.pem", ""},
		{"level=info msg=key name=tls_key_path value=other.pem", ""},
		{"using config.yaml", ""},
		{"bad configuration", "bad configuration"},
		{"config.yaml:3: tls_key_path: found it alone", "config.yaml:3: tls_key_path: found it alone"},
		{"unknown key in \"tls_certificate: other.pem\"",
			"unknown key in \"tls_certificate: other.pem\""},
		{"expected one of acme_url, listen_addr, server_url, tls_x",
			"expected one of acme_url, listen_addr, server_url, tls_x"},
		{"bad configuration: acme_url= listen_addr=127.0.0.1:9 server_url= tls_key_path=other.pem",
			"bad "},
		{`config {"acme_url":"","listen_addr":"127.0.0.1:9","server_url":"",` +
			`"tls_cert_path":"other.pem"}`, ""},
		{`level=info msg="checking tls_key_path"`, ""},
		{`level=info msg="certificate 1 did not issue it: other.pem is misplaced"`,
			`level=info msg="certificate 1 did not issue it: other.pem is misplaced"`},
		{`level=error msg="tls_key_path cannot be read"`,
			`level=error msg="tls_key_path cannot be read"`},
		{`config {"listen_addr":"127.0.0.1:9","server_url":"","tls_x":"other.pem",` +
			`"tls_cert_path":"cert.pem"}`, ""},
		{"bad configuration {listen_addr: 127.0.0.1:9, tls_x: other.pem, tls_cert_path: cert.pem}",
			"bad configuration {, , }"},
		{`{"level":"fatal","error":"tls_x: found a.pem, expected nothing","listen_addr":"127.0.0.1:9",` +
			`"server_url":"","acme_url":"","tls_key_path":"cert.pem"}`,
			`{,"error":"tls_x: found a.pem, expected nothing",,,,}`},
	} {
		var want []string
		if row.complaint != "" {
			want = []string{row.complaint}
		}
		if got := c.In([]string{row.line}); !slices.EqualFunc(got, want, sameWords) {
			t.Errorf("%q: got %q, want %q", row.line, got, want)
		}
	}
}

func sameWords(a, b string) bool { return squeeze(a) == squeeze(b) }

func squeeze(s string) string { return string(slices.Compact([]rune(s))) }

// A refusal may take several lines, and the configuration may be printed below
// the complaint.
func TestComplaintsOfSeveralLines(t *testing.T) {
	t.Parallel()
	c := Complaints{
		Controls: []string{"starting"},
		Keys:     []string{"listen_addr", "server_url", "tls_cert_path", "tls_key_path"},
		Values:   []string{"127.0.0.1:8080", "https://a.test", "cert.pem", "key.pem"},
	}
	for name, row := range map[string]struct{ log, want []string }{
		"key and value below": {
			[]string{"starting", "Error: bad value:", "  tls_key_path: key.pem"},
			[]string{"Error: bad value:", "  tls_key_path: key.pem"},
		},
		"reason below": {
			[]string{"Error: cannot start", "  tls_key_path: no such file"},
			[]string{"Error: cannot start", "  tls_key_path: no such file"},
		},
		"configuration below": {
			[]string{"bad configuration", "tls_key_path: key.pem", "listen_addr: 127.0.0.1:8080"},
			[]string{"bad configuration"},
		},
		"configuration above": {
			[]string{"tls_key_path: key.pem", "listen_addr: 127.0.0.1:8080", "bad configuration"},
			[]string{"bad configuration"},
		},
	} {
		if got := c.In(row.log); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

func TestNumbersAreNamedWhole(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"config.yaml:12: bad":                true,
		"config.yaml:12:3: bad":              true,
		"line 12, column 3":                  true,
		"[line 12]":                          true,
		"2026/11/12 03:12:12 bad":            false,
		"2026-11-12T12:12:12.12Z bad":        false,
		"127.0.0.12:8080":                    false,
		"after 12.5 s":                       false,
		"line 120":                           false,
		"2026/11/12 03:12:12 config.yaml:12": true,
	} {
		if got := contains([]string{line}, "12"); got != want {
			t.Errorf("%s: %t, want %t", line, got, want)
		}
	}
}
