package redact

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const line = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0123456789abcdef\n"
	body := line + line + "c2hvcnQ=\n"
	key := "-----BEGIN PRIVATE KEY-----\n" + body + "-----END PRIVATE KEY-----\n"
	token, thumb := b64Of(1), b64Of(2)
	inJSON, _ := json.Marshal(key)
	twice, _ := json.Marshal(string(inJSON))
	tests := []struct{ name, in, want string }{
		{"PKCS#8", "a\n" + key + "b", "a\n[redacted private key]\nb"},
		{"SEC1", strings.ReplaceAll(key, "PRIVATE", "EC PRIVATE"), "[redacted private key]\n"},
		{
			"encrypted", strings.ReplaceAll(key, "PRIVATE", "ENCRYPTED PRIVATE"),
			"[redacted private key]\n",
		},
		{
			"indented, as in YAML", strings.ReplaceAll(key, "\n", "\n    "),
			"[redacted private key]\n    ",
		},
		{"CRLF", strings.ReplaceAll(key, "\n", "\r\n") + "b", "[redacted private key]\r\nb"},
		{"in a JSON string", string(inJSON), `"[redacted private key]\n"`},
		{"in JSON in JSON", string(twice), `"\"[redacted private key]\\n\""`},
		{
			"with prefixed log lines", "log: " + strings.ReplaceAll(key, "\n", "\nlog: "),
			"log: [redacted private key]\nlog: ",
		},
		{
			"two keys", key + "between\n" + key,
			"[redacted private key]\nbetween\n[redacted private key]\n",
		},
		{
			"end cut off", "a\n" + strings.TrimSuffix(key, "-----END PRIVATE KEY-----\n"),
			"a\n[redacted private key]\n",
		},
		{
			"end cut off: a word too much",
			"-----BEGIN PRIVATE KEY-----\n" + body[:65] + "server stopped\n",
			"[redacted private key] stopped\n",
		},
		{
			"end cut off in JSON",
			`"` + strings.ReplaceAll("-----BEGIN PRIVATE KEY-----\n"+body[:64], "\n", `\n`) + `"`,
			`"[redacted private key]"`,
		},
		{
			"beginning cut off", "started\n" + body + "-----END PRIVATE KEY-----\nb",
			"started\n[redacted private key]\nb",
		},
		{
			"a certificate stays", strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE"),
			strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE"),
		},

		{"key authorisation", "body " + token + "." + thumb, "body [redacted key authorisation]"},
		{"wrapped after the dot", token + ".\n  " + thumb, "[redacted key authorisation]"},
		{
			"wrapped within",
			token[:20] + "\n" + token[20:] + "." + thumb[:30] + "\n" + thumb[30:] + " end",
			"[redacted key authorisation] end",
		},
		{
			"wrapped within a JSON string",
			`"` + token + "." + thumb[:30] + `\n` + thumb[30:] + `"`,
			`"[redacted key authorisation]"`,
		},
		{
			"a file name stays", "certificate-of-the-server.intermediate.pem",
			"certificate-of-the-server.intermediate.pem",
		},

		{
			"challenge request", "GET /.well-known/acme-challenge/" + token + " HTTP/1.1",
			"GET /.well-known/acme-challenge/[redacted token] HTTP/1.1",
		},
		{
			"challenge request, wrapped",
			"GET /.well-known/acme-challenge/" + token[:10] + "\n" + token[10:] + " HTTP/1.1",
			"GET /.well-known/acme-challenge/[redacted token] HTTP/1.1",
		},
		{
			"traversal stays", "GET /.well-known/acme-challenge/../../key.pem",
			"GET /.well-known/acme-challenge/../../key.pem",
		},
		{
			"token member", `{"type": "http-01", "token": "` + token + `"}`,
			`{"type": "http-01", "token": "[redacted token]"}`,
		},

		{
			"JWS",
			`{"protected":"` + thumb + `","payload":"` + token +
				`","signature":"` + token + token + `"}`,
			`{"protected":"[redacted]","payload":"[redacted]","signature":"[redacted]"}`,
		},
		{
			"JWS, JSON in JSON", `"{\"protected\": \"` + thumb + `\"}"`,
			`"{\"protected\": \"[redacted]\"}"`,
		},
		{
			"JWS, compact", "eyJhbGciOiJFUzI1NiJ9." + token + "." + token + token,
			"[redacted signature]",
		},
		{
			"signature algorithm stays", `{"signature": "ECDSA-SHA256"}`,
			`{"signature": "ECDSA-SHA256"}`,
		},
		{
			"account key as JWK", `{"kty":"EC","x":"` + token + `","d":"` + thumb + `"}`,
			`{"kty":"EC","x":"` + token + `","d":"[redacted]"}`,
		},
		{"EAB key in YAML", "eab_hmac_key: " + thumb, "eab_hmac_key: [redacted]"},
		{"EAB key in JSON", `{"hmacKey": "` + thumb + `"}`, `{"hmacKey": "[redacted]"}`},
		{
			"EAB key on a command line", "--eab-hmac-key " + thumb + " --v",
			"--eab-hmac-key [redacted] --v",
		},
		{"token by name", "token=" + token + " for", "token=[redacted token] for"},
		{"EAB key with a short name", "hmac=" + thumb, "hmac=[redacted]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := (Redactor{}).Text(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if again := (Redactor{}).Text(got); again != got {
				t.Errorf("redacted again: %q, expected %q", again, got)
			}
		})
	}
}

func TestRedactSecrets(t *testing.T) {
	t.Parallel()
	secret := "-_ab-cdEF_gh01234567"
	r := New(secret, "", "short", secret[:10])
	for in, want := range map[string]string{
		"is " + secret + ".":                        "is [redacted].",
		"is " + secret[:7] + "\n  " + secret[7:]:    "is [redacted]",
		`"` + secret[:7] + `\n` + secret[7:] + `"`:  `"[redacted]"`,
		"other alphabet +/ab+cdEF/gh01234567== end": "other alphabet [redacted] end",
		"the beginning -_ab-cdEF_ alone":            "the beginning [redacted] alone",
		"a short word stays":                        "a short word stays",
	} {
		if got := r.Text(in); got != want {
			t.Errorf("%q: got %q, expected %q", in, got, want)
		}
	}
}

// logLine is a line of a server that uses autocert.
const logLine = "2026/01/02 03:04:05 http: TLS handshake error from 127.0.0.1:40000: " +
	"acme/autocert: missing server name\n"

// TestRedactIsLinear guards against an expression that needs seconds for the log of
// a server.
func TestRedactIsLinear(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(logLine, 5000)
	start := time.Now()
	Redactor{}.Text(text)
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("half a megabyte took %v", d)
	}
}

func BenchmarkRedact(b *testing.B) {
	text := strings.Repeat(logLine, 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Redactor{}.Text(text)
	}
}

// The time that redaction takes grows with the text, not with its square, and hardly
// with the number of secrets.
func TestRedactionIsLinear(t *testing.T) {
	var secrets []string
	for i := range 2000 {
		secrets = append(secrets, fmt.Sprintf("secret-number-%d-%s", i, strings.Repeat("x", 200)))
	}
	r := New(secrets...)
	for name, part := range map[string]string{
		"ends without a beginning":      "-----END PRIVATE KEY-----\n",
		"beginnings without an end":     "-----BEGIN PRIVATE KEY-----\n",
		"beginnings in turn with words": "-----BEGIN PRIVATE KEY-----\nMIIE\n, then\n",
		"whole keys":                    "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n",
		"almost an end":                 "-----END PRIVATE KEY",
		"base64":                        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
		"dots":                          ".",
		"backslashes":                   "\\n",
		"almost a secret":               "secret-number-1",
		"tokens":                        "token token=",
		"almost a signature":            "eyJhbGciOiJSUzI1NiJ9.",
	} {
		text := strings.Repeat(part, 1+1<<20/len(part))
		began := time.Now()
		r.Text(text)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: 1 MiB took %s, expected less than 20s", name, took)
		} else {
			t.Logf("%s: %s", name, took.Round(time.Millisecond))
		}
	}
}

func TestShortAndManySecrets(t *testing.T) {
	secrets := []string{"a  b  c  d", "12345678", "correct horse battery staple"}
	for i := range 500 {
		secrets = append(secrets, fmt.Sprintf("secret-%04d-of-many", i))
	}
	r := New(secrets...)
	for text, want := range map[string]string{
		"it is a  b  c  d.":                             "it is [redacted].",
		"it is 12345678, 1234567":                       "it is [redacted], 1234567",
		"correct horse battery staple":                  "[redacted]",
		"secret-0007-of-many secret-0499-of-\nmany":     "[redacted] [redacted]",
		"secret-0500-of-many, secret-0007-of-\\n  many": "secret-0500-of-many, [redacted]",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q: found %q, expected %q", text, got, want)
		}
	}
}
