package acme

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"assay/pebble"
	"assay/server/config"
)

// handlerTransport sends requests to a CA's handler instead of the network.
type handlerTransport struct{ ca http.Handler }

// RoundTrip implements [http.RoundTripper].
func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.Host, in.RequestURI, in.TLS = r.URL.Host, r.URL.RequestURI(), &tls.ConnectionState{}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := httptest.NewRecorder()
	h.ca.ServeHTTP(out, in)
	res := out.Result()
	res.Request = r
	return res, nil
}

// safe is a log that several goroutines write.
type safe struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements [io.Writer].
func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns everything that was logged.
func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

var hello = &tls.ClientHelloInfo{
	ServerName:   "host.assay.test",
	CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
}

// A row of the table below is one fault, for the whole life of the server.
type renewalRow struct {
	name   string
	kind   config.ChallengeType
	offer  []string               // challenge types of the CA; nil means all
	broken func(name string) bool // what cannot be stored
	err    error
	lines  int  // in the log after two certificates
	fails  bool // no certificate can be had
}

func renewalRows() []renewalRow {
	nothing := func(string) bool { return false }
	all := func(string) bool { return true }
	certificate := func(name string) bool { return name == hello.ServerName }
	account := func(name string) bool { return strings.HasPrefix(name, accountKey) }
	response := func(name string) bool { return subjectOf(name) == challengeResponse }
	var rows []renewalRow
	for _, kind := range []config.ChallengeType{config.HTTP01, config.TLSALPN01} {
		for _, err := range []error{syscall.EACCES, syscall.ENOSPC} {
			rows = append(rows,
				renewalRow{"certificate", kind, nil, certificate, err, 2, false},
				renewalRow{"account key", kind, nil, account, err, 1, false},
				renewalRow{"challenge response", kind, nil, response, err, 1, false},
				renewalRow{"everything", kind, nil, all, err, 4, false})
		}
		rows = append(rows, renewalRow{"no fault", kind, nil, nothing, nil, 0, false})
	}
	return append(
		rows,
		renewalRow{
			"only TLS-ALPN-01 offered",
			config.HTTP01,
			[]string{"tls-alpn-01"},
			nothing,
			nil,
			1,
			true,
		},
		renewalRow{"only HTTP-01 offered", config.TLSALPN01, []string{"http-01"}, nothing, nil, 1, true},
	)
}

// TestRenewals plays seventy days of virtual time for each fault. Goroutines of
// the CA and of the manager have no end, so a process of its own plays them and
// exits.
func TestRenewals(t *testing.T) {
	if os.Getenv("SERVER_ACME_TEST_RENEWALS") == "" {
		t.Parallel()
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRenewals$")
		command.Env = append(os.Environ(), "SERVER_ACME_TEST_RENEWALS=1")
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	synctest.Test(t, func(*testing.T) {
		exit := 0
		for i, row := range renewalRows() {
			if err := row.play(filepath.Join(dir, strconv.Itoa(i))); err != nil {
				fmt.Printf("%s, %s, %v: %v\n", row.name, row.kind, row.err, err)
				exit = 1
			}
		}
		os.RemoveAll(dir)
		os.Exit(exit)
	})
}

// play runs in virtual time (testing/synctest): a sleep lets it pass and takes none.
func (row renewalRow) play(dir string) error {
	ca, err := pebble.Start(pebble.Options{
		Authority: "acme.test", Validity: 90 * 24 * time.Hour, SkipValidation: true, Offer: row.offer,
	})
	if err != nil {
		return err
	}
	logged := &safe{}
	logger := log.New(logged, "", 0)
	cfg := &config.Config{
		Hostname: hello.ServerName, CacheDir: dir, ChallengeType: row.kind, ACMEURL: ca.DirectoryURL(),
	}
	http.DefaultTransport = handlerTransport{ca.Handler()} // newRoundTripper takes it
	source := NewSource(cfg, logger)
	stored := &faulty{DirCache: autocert.DirCache(dir), err: row.err, broken: row.broken}
	source.manager.Cache = newRetaining(stored, dir, logger)
	if row.kind == config.HTTP01 {
		source.ChallengeHandler(cfg)
	}

	defer stored.mended.Store(true) // ends the attempts to store
	first, err := source.GetCertificate(hello)
	if row.fails {
		synctest.Wait() // the manager deactivates the authorization in the background
		if err == nil {
			return errors.New("got a certificate, want an error")
		}
		if !strings.Contains(logged.String(), "the CA does not offer the challenge type") {
			return fmt.Errorf("got error %w, logged %s", err, logged)
		}
		return row.verdict(ca, logged, 1, 0)
	}
	if err != nil {
		return fmt.Errorf("first certificate: %w; logged %s", err, logged)
	}
	pass(70 * 24 * time.Hour)
	second, err := source.GetCertificate(hello)
	if err != nil {
		return fmt.Errorf("after the renewal: %w; logged %s", err, logged)
	}
	if second.Leaf.Equal(first.Leaf) {
		return fmt.Errorf("the old certificate is served; logged %s", logged)
	}
	return row.verdict(ca, logged, 2, 2)
}

// verdict compares what the CA and the log saw with what was expected.
func (row renewalRow) verdict(ca *pebble.CA, logged *safe, orders, issued int) error {
	journal := ca.Journal()
	placed, certificates := len(journal.Requests(pebble.KindNewOrder)), len(journal.Issued())
	if placed != orders || certificates != issued {
		return fmt.Errorf("%d orders, %d certificates; want %d, %d", placed, certificates, orders, issued)
	}
	for _, v := range journal.Validations() {
		if !v.Valid() || v.Challenge != strings.ToLower(string(row.kind)) {
			return fmt.Errorf("got the validation %v, want only good ones of type %s", v, row.kind)
		}
	}
	if n := strings.Count(logged.String(), "\n"); n != row.lines {
		return fmt.Errorf("%d lines, want %d:\n%s", n, row.lines, logged)
	}
	return nil
}
