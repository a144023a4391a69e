package redact

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var roles = map[string]string{
	"127.0.0.10": "<host>", "fd00::10": "<host>", "443": "<https>", "14000": "<acme>",
	"/run/assay/7": "<dir>", "h7.example.test": "<hostname>",
}

func TestMaskText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{
			"address and port with roles", "dial tcp 127.0.0.10:443: refused",
			"dial tcp <host>:<https>: refused",
		},
		{"IPv6 address with a role", "listen [fd00::10]:443", "listen [<host>]:<https>"},
		{"a longer address is another one", "from 127.0.0.100", "from <address>"},
		{"address at the end of a sentence", "at 127.0.0.10.", "at <host>."},
		{
			"a peer's ephemeral port", "TLS handshake error from 127.0.0.10:40112: EOF",
			"TLS handshake error from <host>:<port>: EOF",
		},
		{
			"a port without address", "listening on :14000 and :39999",
			"listening on :<acme> and :<port>",
		},
		{"a well-known port without role stays", "listen tcp :80: bind", "listen tcp :80: bind"},
		{
			"a number that is not a port stays", "443 requests, 14000 bytes",
			"443 requests, 14000 bytes",
		},
		{
			"process and thread of nginx", "[emerg] 1220#1220: open() failed",
			"[emerg] <pid>: open() failed",
		},
		{
			"process of HAProxy", "[WARNING]  (864) : Exiting Master process...",
			"[WARNING]  (<pid>) : Exiting Master process...",
		},
		{
			"common log format", `[26/Nov/2026:11:17:22 +0000] "GET / HTTP/1.1" 404`,
			`[<time>] "GET / HTTP/1.1" 404`,
		},
		{
			"duration without a unit", `bytes=19 elapsed=0.013448 {"duration_ms":12}`,
			`bytes=19 elapsed=<duration> {"duration_ms":<duration>}`,
		},
		{
			"UUID", "instance.id=01a2177c-4eb2-7987-88f0-f50f0f77f9e0 version=v3",
			"instance.id=<uuid> version=v3",
		},
		{"a port as a member of JSON", `{"remote_port":"53264"}`, `{"remote_port":"<port>"}`},
		{"localhost stays", "127.0.0.1:80", "127.0.0.1:80"},
		{"another loopback address", "127.3.2.1:53 and fd00:1::2", "<address>:53 and <address>"},
		{"documentation addresses stay", "192.0.2.1", "192.0.2.1"},
		{"hostname", "no such host h7.example.test", "no such host <hostname>"},
		{"hostname with port", "https://h7.example.test:443/x", "https://<hostname>:<https>/x"},
		{
			"a name within a longer one stays", "www.h7.example.test h7.example.tests",
			"www.h7.example.test h7.example.tests",
		},
		{"case of a name is behaviour", "H7.EXAMPLE.TEST", "H7.EXAMPLE.TEST"},
		{
			"directory with a role", "open /run/assay/7/certs/cert.pem: denied",
			"open <dir>/certs/cert.pem: denied",
		},
		{"a sibling directory stays", "/run/assay/77/x", "/run/assay/77/x"},
		{"temporary directory", `stat "/tmp/assay-81734/x.pem"`, `stat "<dir>/x.pem"`},
		{"temporary directory of macOS", "/var/folders/ab/c1d2/T/x123/y", "<dir>/y"},
		{
			"lost while it was made",
			"GET /x: dial tcp 127.3.2.1:443: connect: connection reset by peer",
			"GET /x: <connection lost>",
		},
		{
			"lost while it was written to",
			"GET /x: write tcp 127.0.0.1:40112->127.3.2.1:443: write: broken pipe",
			"GET /x: <connection lost>",
		},
		{"the CA's certificates", "Pebble Root CA 03d9d9", "Pebble Root CA <random>"},
		{
			"the suite's certificates",
			`issuer "CN=Assay Root 1f1d003c,O=x" of CN=h7.example.test 7ac9c6fe`,
			`issuer "CN=Assay Root <random>,O=x" of CN=<hostname> <random>`,
		},
		{
			"temporary file", `open /cache/h.test+token1181404142: denied`,
			`open /cache/h.test+token<n>: denied`,
		},

		{
			"seconds since 1970", `{"level":"warn","ts":1795552710.9894254,"line":1}`,
			`{"level":"warn","ts":<time>,"line":1}`,
		},
		{"RFC 3339", "at 2026-01-02T03:04:05.123Z", "at <time>"},
		{"RFC 3339 with offset", "at 2026-01-02T03:04:05+01:00.", "at <time>."},
		{"Go time", "at 2026-01-02 03:04:05.6 +0000 UTC", "at <time>"},
		{"Go log", "2026/01/02 03:04:05 http: TLS", "<time> http: TLS"},
		{"openssl", "notAfter=Apr  2 03:04:05 2026 GMT", "notAfter=<time>"},
		{"HTTP-date", "Retry-After: Fri, 02 Jan 2026 03:04:05 GMT", "Retry-After: <time>"},
		{"date", "until 2026-01-02", "until <date>"},
		{"clock", "[03:04:05] ready", "[<time>] ready"},
		{
			"duration", "after 1m30.5s, then 12ms (3.2µs)",
			"after <duration>, then <duration> (<duration>)",
		},
		{
			"words with digits stay", "h2 http/1.1 TLS 1.3 0600 x509s v0.58.0",
			"h2 http/1.1 TLS 1.3 0600 x509s v0.58.0",
		},

		{
			"Pebble's order", "GET https://acme.test/my-order/" + b64Of(1),
			"GET https://acme.test/my-order/<order>",
		},
		{"Pebble's authorization", "/authZ/" + b64Of(2), "/authZ/<authz>"},
		{"Pebble's challenge", "/chalZ/" + b64Of(3), "/chalZ/<challenge>"},
		{"Pebble's account", "/my-account/3f2a", "/my-account/<account>"},
		{"Boulder's order", "/acme/order/123/456", "/acme/order/<order>"},
		{"certificate", "/certZ/12ab", "/certZ/<certificate>"},
		{"directory stays", "https://acme.test/dir", "https://acme.test/dir"},
		{
			"challenge token", "/.well-known/acme-challenge/" + b64Of(4),
			"/.well-known/acme-challenge/<token>",
		},
		{
			"a path that is no token stays", "/.well-known/acme-challenge/../key",
			"/.well-known/acme-challenge/../key",
		},
		{"key authorisation", b64Of(5) + "." + b64Of(6), "<key authorisation>"},
		{"labelled identifier", "order " + b64Of(7)[:30] + " invalid", "order <order> invalid"},
		{"random word", "got " + b64Of(8), "got <token>"},
		{
			"a long word stays",
			"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 tls_letsencrypt_challenge_type",
			"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 tls_letsencrypt_challenge_type",
		},

		{"hexadecimal serial", "serial 4f3c9a1b2d5e6f70a1b2", "serial <serial>"},
		{"serial that happens to be decimal", "serial 12345678901234567890", "serial <serial>"},
		{"serial with colons", "4F:3C:9A:1B:2D:5E:6F:70", "<serial>"},
		{
			"process and goroutine", "pid=123 goroutine 45 [running] 0xc000123456",
			"pid=<pid> goroutine <n> [running] <pointer>",
		},
		{"process and thread", "[ssl:warn] [pid 78:tid 104] x", "[ssl:warn] [pid <pid>:tid <tid>] x"},
	}
	m := NewMask(roles)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := m.Text(tt.in)
			if got != tt.want {
				t.Errorf("%q\n got %q\nwant %q", tt.in, got, tt.want)
			}
			if again := m.Text(got); again != got {
				t.Errorf("masked again: %q, expected %q", again, got)
			}
		})
	}
}

func TestMaskValues(t *testing.T) {
	t.Parallel()
	m := NewMask(roles)
	for _, tt := range []struct {
		kind, name string
		in, want   any
	}{
		{
			"chain", "served",
			[]any{map[string]any{
				"subject": "CN=h7.example.test", "serial": "7b", "not_after": "2026-01-02",
				"key": "ECDSA P-256",
			}},
			[]any{map[string]any{
				"subject": "CN=<hostname>", "serial": "<serial>", "not_after": "<time>",
				"key": "ECDSA P-256",
			}},
		},
		{
			"chain", "without serial",
			map[string]any{"subject": "", "serial": "", "key": "RSA 2048"},
			map[string]any{"subject": "", "serial": "", "key": "RSA 2048"},
		},
		{
			"acme", "issuance",
			[]any{"newOrder 201", "challenge tls-alpn-01 valid"},
			[]any{"newOrder 201", "challenge tls-alpn-01 valid"},
		},
		{
			"protocol", "listener",
			map[string]any{"port": 443.0, "peer": map[string]any{"port": 51234.0}, "tls": 772.0},
			map[string]any{
				"port": "<https>", "peer": map[string]any{"port": "<port>"}, "tls": 772.0,
			},
		},
		{
			"file", "cache",
			map[string]any{"/run/assay/7/cache": "0700"}, map[string]any{"<dir>/cache": "0700"},
		},
		{
			"schedule", "90 d",
			map[string]any{"renewals": 6.0, "time": "29.97d", "left": "720h0m0s"},
			map[string]any{"renewals": 6.0, "time": "29.97d", "left": "720h0m0s"},
		},
		{"count", "token", 3.0, 3.0},
		{"error", "none", nil, nil},
	} {
		got := m.Value(tt.kind, tt.name, tt.in)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %s: %s", tt.kind, tt.name, diff)
		}
		if diff := cmp.Diff(got, m.Value(tt.kind, tt.name, got)); diff != "" {
			t.Errorf("%s %s: masked again: %s", tt.kind, tt.name, diff)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	type cert struct {
		Serial string `json:"serial"`
		Port   int    `json:"port"`
	}
	want := []any{map[string]any{"serial": "7b", "port": 443.0}}
	if diff := cmp.Diff(any(want), Plain([]cert{{"7b", 443}})); diff != "" {
		t.Error(diff)
	}
	if got, ok := Plain(make(chan int)).(string); !ok || got == "" {
		t.Errorf("%v: expected the text of a value that has no JSON form", got)
	}
}

// TestMaskMakesRunsEqual masks the logs of runs that differ in all that is random.
func TestMaskMakesRunsEqual(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) any {
		r := rand.New(rand.NewPCG(seed, 1))
		host := fmt.Sprintf("127.%d.%d.%d", r.IntN(200)+1, r.IntN(250), r.IntN(250)+1)
		port := fmt.Sprint(r.IntN(20000) + 10000)
		name := fmt.Sprintf("h%d.example.test", r.IntN(1000))
		m := NewMask(map[string]string{host: "<host>", port: "<https>", name: "<hostname>"})
		token, thumb := b64From(r), b64From(r)
		return m.Value("log", "lines", Plain([]string{
			fmt.Sprintf(
				"2026/01/02 03:04:%02d http: TLS handshake error from %s:%d: acme/autocert: missing name",
				r.IntN(60), host, r.IntN(20000)+30000,
			),
			fmt.Sprintf(
				"order https://acme.test/my-order/%s failed after %dms", b64From(r), r.IntN(900),
			),
			fmt.Sprintf(
				"serial %x, authz %s, key %s.%s", r.Uint64()|1<<63, b64From(r), token, thumb,
			),
			fmt.Sprintf("serving %s on %s:%s, nonce %s", name, host, port, b64From(r)),
		}))
	}
	first := run(0)
	for seed := range uint64(100) {
		if diff := cmp.Diff(first, run(seed)); diff != "" {
			t.Fatalf("seed %d:\n%s", seed, diff)
		}
	}
}

func BenchmarkMaskText(b *testing.B) {
	m := NewMask(roles)
	b.SetBytes(int64(len(logLine)))
	for b.Loop() {
		m.Text(logLine)
	}
}

func FuzzMaskTwiceIsOnce(f *testing.F) {
	for _, s := range []string{
		"127.0.0.10:443", "<host>:40000", "pid 12 12ms /tmp/x:443", "order " + b64Of(9),
		"03:04:05:40000", "2026-01-02 x:1024s",
	} {
		f.Add(s)
	}
	m := NewMask(roles)
	f.Fuzz(func(t *testing.T, s string) {
		once := m.Text(s)
		if twice := m.Text(once); twice != once {
			t.Errorf("%q\n once %q\ntwice %q", s, once, twice)
		}
	})
}

// b64Of returns 256 pseudo-random bits as Pebble writes its identifiers.
func b64Of(seed uint64) string { return b64From(rand.New(rand.NewPCG(seed, 7))) }

func b64From(r *rand.Rand) string {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
