package report

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/fixtures/pki"
)

// TestChainFile checks that the certificates that were served are a file of their
// own, which other programs read, with each chain once.
func TestChainFile(t *testing.T) {
	t.Parallel()
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}})
	if err != nil {
		t.Fatal(err)
	}
	chain := []Certificate{{
		Subject: "CN=a\n-----BEGIN CERTIFICATE-----", Issuer: "CN=b", PEM: string(id.ChainPEM()),
	}}
	served := func(t int64, name string) Handshake {
		return Handshake{TMS: t, Address: "127.0.0.1:443", ServerName: name, Chain: chain}
	}
	r := &Report{Results: []Result{{
		ID: "BYO-02",
		Evidence: &Evidence{Dir: "evidence/BYO-02", Handshakes: []Handshake{
			served(1, "a.test"), served(2, "a.test"), {TMS: 3, Error: "EOF"}, served(4, ""),
		}},
	}, {
		ID: "BYO-03", Evidence: &Evidence{Handshakes: []Handshake{served(1, "a.test")}},
	}}}
	files, err := evidenceFiles(r)
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["evidence/BYO-02/chain.pem"])
	if len(files) != 1 || strings.Count(text, "served ") != 2 ||
		!strings.Contains(text, "served 4 ms") {
		t.Errorf("files %v\n%s\nexpected one file with the chains of two kinds of clients", files, text)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) || !pool.Equal(poolOf(t, id)) {
		t.Errorf("cannot be read as the chain that was served:\n%s", text)
	}
}

func poolOf(t *testing.T, id *pki.Identity) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	for _, cert := range id.Chain() {
		pool.AddCert(cert)
	}
	return pool
}

// TestCaptureIsStored checks that recorded packets become a file of the evidence, and
// that their place during the run is not in the report.
func TestCaptureIsStored(t *testing.T) {
	t.Parallel()
	from := filepath.Join(t.TempDir(), "packets-BYO-02-.pcapng")
	if err := os.WriteFile(from, []byte("\x0a\x0d\x0d\x0a\x00\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &Report{Results: []Result{{ID: "BYO-02", Evidence: &Evidence{
		Dir: "evidence/BYO-02", Capture: CaptureFile, CaptureFile: from,
	}}}}
	dir := t.TempDir()
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile(filepath.Join(dir, "evidence/BYO-02/network.pcapng"))
	if err != nil || string(stored) != "\x0a\x0d\x0d\x0a\x00\xff" {
		t.Errorf("stored %q, %v", stored, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, ReportFile))
	if err != nil || strings.Contains(string(text), "packets-BYO-02-") {
		t.Errorf("the report names a file of the run: %v\n%s", err, text)
	}
}
