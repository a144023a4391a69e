package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"assay/fixtures/pki"
)

// output is a log that can be awaited.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	grown chan struct{}
}

func newOutput() *output { return &output{grown: make(chan struct{})} }

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	close(o.grown)
	o.grown = make(chan struct{})
	return len(p), nil
}

func (o *output) read() (text string, grown <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.grown
}

// await waits for a match in the log and returns it with its groups.
func (o *output) await(t *testing.T, pattern string) []string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	timeout := time.After(10 * time.Second)
	for {
		text, grown := o.read()
		if match := expression.FindStringSubmatch(text); match != nil {
			return match
		}
		select {
		case <-grown:
		case <-timeout:
			t.Fatalf("not logged within 10 s: %s; the log:\n%s", pattern, text)
		}
	}
}

// startServer serves a configuration until the test ends. Signals reach the
// whole process, so tests that call it are not parallel.
func startServer(t *testing.T, yaml string) (log *output, ended <-chan error) {
	t.Helper()
	dir := t.TempDir()
	identity, err := pki.New(pki.Spec{Names: []string{"a.test"}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.KeyPEM(pki.PKCS8)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.yaml")
	for path, data := range map[string][]byte{
		file:                           []byte(yaml),
		filepath.Join(dir, "cert.pem"): identity.ChainPEM(),
		filepath.Join(dir, "key.pem"):  key,
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log = newOutput()
	result := make(chan error, 1)
	go func() { result <- serveFile(file, log) }()
	log.await(t, "listening on ")
	return log, result
}

func send(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), signal); err != nil {
		t.Fatal(err)
	}
}

var modes = map[string]string{
	"plain": "listen_addr: 127.0.0.1:0\n",
	"own":   "listen_addr: 127.0.0.1:0\ntls_cert_path: cert.pem\ntls_key_path: key.pem\n",
	"ACME by TLS-ALPN-01": "listen_addr: 127.0.0.1:0\ntls_letsencrypt_hostname: a.test\n" +
		"tls_letsencrypt_challenge_type: TLS-ALPN-01\nacme_url: https://127.0.0.1:1/dir\n",
	"ACME by HTTP-01": "listen_addr: 127.0.0.1:0\ntls_letsencrypt_hostname: a.test\n" +
		"tls_letsencrypt_listen: 127.0.0.1:0\nacme_url: https://127.0.0.1:1/dir\n",
}

func TestSignalsInEveryMode(t *testing.T) {
	for mode, want := range map[string]string{
		"plain":               "SIGHUP: no certificate is configured, nothing to reload",
		"own":                 "certificate unchanged: ",
		"ACME by TLS-ALPN-01": "SIGHUP: the certificate is renewed by ACME, nothing to reload",
		"ACME by HTTP-01":     "SIGHUP: the certificate is renewed by ACME, nothing to reload",
	} {
		t.Run(mode, func(t *testing.T) {
			log, ended := startServer(t, modes[mode])
			send(t, syscall.SIGHUP)
			log.await(t, want)
			send(t, syscall.SIGHUP)
			log.await(t, want+"(.|\n)*"+want)
			select {
			case err := <-ended:
				t.Fatalf("SIGHUP ended the server: %v", err)
			default:
			}
			send(t, syscall.SIGTERM)
			if err := <-ended; err != nil {
				t.Errorf("SIGTERM: %v", err)
			}
		})
	}
}

// TestLogOfWhatClientsSend sends everything that a client can choose and looks
// for lines that are not what the server writes.
func TestLogOfWhatClientsSend(t *testing.T) {
	hostile := []string{
		"x\n2026/01/01 00:00:00 forged", "x\r\nforged", "\x1b[2Jforged", "\x00forged",
		"\u202edegrof", "\u2028forged",
		"\xff\xfeforged", "a.\x7f.test", strings.Repeat("long", 50),
	}
	for mode, yaml := range modes {
		t.Run(mode, func(t *testing.T) {
			log, ended := startServer(t, yaml)
			defer func() {
				send(t, syscall.SIGTERM)
				<-ended
			}()
			address := log.await(t, `listening on (\S+)`)[1]
			for _, text := range hostile {
				attack(t, address, text)
			}
			if mode != "plain" {
				// The last client is noticed last: everything before it is in
				// the log then.
				dial(address, &tls.Config{ServerName: "a.test", NextProtos: []string{"the-last-one"}})
				log.await(t, "the-last-one")
			}
			text, _ := log.read()
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if !regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [a-z]`).MatchString(line) ||
					strings.Contains(line, "00:00:00 forged") && !strings.Contains(line, `\n2026`) {
					t.Errorf("forged line: %q", line)
				}
				if n := utf8.RuneCountInString(line); n > 400 {
					t.Errorf("a line of %d characters: %.100s", n, line)
				}
				for _, bad := range []string{"\r", "\x1b", "\x00", "\u202e", "\u2028", "\x7f", "\xff"} {
					if strings.Contains(line, bad) {
						t.Errorf("%q stands unescaped in %q", bad, line)
					}
				}
			}
		})
	}
}

func dial(address string, config *tls.Config) {
	config.InsecureSkipVerify = true
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", address, config)
	if err == nil {
		conn.Close()
	}
}

// attack puts a text into everything that a client can choose.
func attack(t *testing.T, address, text string) {
	t.Helper()
	short := text[:min(len(text), 200)]
	dial(address, &tls.Config{ServerName: text})
	dial(address, &tls.Config{ServerName: text + ".test"})
	dial(address, &tls.Config{ServerName: "a.test", NextProtos: []string{short}})
	dial(address, &tls.Config{ServerName: text + ".a.test", NextProtos: []string{"acme-tls/1"}})
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprint(i) + short
	}
	dial(address, &tls.Config{ServerName: "a.test", NextProtos: many})

	for _, request := range []string{
		"GET /" + text + " HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: " + text + "\r\n\r\n",
		"GET /?a;b=" + text + " HTTP/1.1\r\nHost: a.test\r\nX-" + text + ": " + text + "\r\n\r\n",
		text + " / HTTP/1.1\r\nHost: a.test\r\n\r\n",
		text,
	} {
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, request)
		conn.Close()
	}
}
