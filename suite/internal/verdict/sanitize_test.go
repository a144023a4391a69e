package verdict

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/internal/render"
	"assay/suite/report"
)

// planted holds secrets in every form in which a target may print them.
type planted struct {
	pem, lines, base64, hex, keyAuthorization, eab string
	// fragments are parts of them that must not be published.
	fragments []string
}

func plant(t *testing.T) planted {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	body := strings.Split(text, "\n")[1:4]
	thumbprint := base64.RawURLEncoding.EncodeToString(der[:32])
	p := planted{
		pem:              text,
		lines:            strings.Join(body, " "),
		base64:           base64.RawURLEncoding.EncodeToString(der),
		hex:              hex.EncodeToString(der),
		keyAuthorization: base64.RawURLEncoding.EncodeToString(der[40:72]) + "." + thumbprint,
		eab:              base64.RawURLEncoding.EncodeToString([]byte("a key of an external account!!!")),
	}
	p.fragments = append(p.fragments, body[0], body[1], p.base64, p.hex, thumbprint, p.eab)
	return p
}

// TestSecretsAreNotPublished plants secrets in every field that a spec fills in,
// whatever its status and level, and searches everything that a run publishes.
func TestSecretsAreNotPublished(t *testing.T) {
	t.Parallel()
	p := plant(t)
	text := strings.Join([]string{
		"log " + p.keyAuthorization, p.pem + p.eab, "key " + p.base64, "hex " + p.hex, p.lines,
	}, "\n")
	secrets := append(strings.Fields(p.lines), p.base64, p.hex, p.eab)
	in := claimed()
	statuses := []report.Status{report.Passed, report.Failed, report.Skipped, report.Error}
	for _, level := range scenarios.Levels() {
		for _, status := range statuses {
			id := string(level) + "-" + string(status)
			in.Requirements = append(in.Requirements, scenarios.Requirement{
				ID: id, Title: "a promise", Level: level, Chapter: "byo", Cases: rows("a", "b"),
			})
			for _, row := range []string{"a", "b"} {
				o := Outcome{
					ID: id, Case: row, Status: status, Reason: text,
					Observations: []report.Observation{
						{Kind: "log", Name: "lines", Value: strings.Split(text, "\n")},
						{
							Kind: "file", Name: "f",
							Value: map[string]any{"d": p.eab, "x": text, text: "x"},
						},
						{Kind: "log", Name: report.Unannounced, Value: []string{text}},
					},
					Evidence: &report.Evidence{
						Config: text, Log: strings.Split(text, "\n"),
						ACME: []report.Exchange{{What: "GET " + p.keyAuthorization, Detail: text}},
						Handshakes: []report.Handshake{{
							ServerName: p.eab, Error: text, Chain: []report.Certificate{{
								Subject: text, Issuer: text, Names: []string{text}, PEM: p.pem,
							}},
						}},
					},
					Whole: status == report.Failed || status == report.Error,
				}
				o.Sanitize(secrets, nil)
				in.Outcomes = append(in.Outcomes, handedOver(t, o))
			}
		}
	}
	published := publish(t, Gather(in))
	for _, secret := range p.fragments {
		if i := strings.Index(published, secret); i >= 0 {
			t.Errorf("%s is published: …%s", secret, published[max(0, i-200):i])
		}
	}
	if !strings.Contains(published, "[redacted") {
		t.Error("nothing was redacted: the test has planted nothing")
	}
}

// handedOver returns an outcome as the process that gathers receives it.
func handedOver(t *testing.T, o Outcome) (received Outcome) {
	t.Helper()
	text, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(text, &received)
	}
	if err != nil {
		t.Fatal(err)
	}
	return received
}

// publish returns everything that a run writes to files, terminal and CI.
func publish(t *testing.T, r *report.Report) string {
	t.Helper()
	dir := t.TempDir()
	if err := report.Write(dir, r); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, err := range []error{
		render.WriteVerdict(&all, r, render.Style{}),
		render.WriteMarkdown(&all, r),
		render.WriteAnnotations(&all, r),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		all.WriteString(path + "\n" + string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Errorf("%d files, expected report.json, junit.xml and evidence", files)
	}
	if _, err := report.Read(filepath.Join(dir, report.ReportFile)); err != nil {
		t.Errorf("redaction broke the report: %v", err)
	}
	return all.String()
}
