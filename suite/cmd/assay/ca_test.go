package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/crypto/acme"
)

// printed holds what a CA has printed so far; more than one goroutine uses it.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// startCA runs "assay ca" until the test ends. It returns what the CA has printed once it
// runs, and its directory.
func startCA(t *testing.T, args ...string) (text, dir string) {
	t.Helper()
	dir = t.TempDir()
	text, _ = launchCA(t, dir, args...)
	return text, dir
}

// launchCA runs "assay ca" until the test ends or stop is called. It returns what the CA has
// printed once it runs; stop returns all that it has printed.
func launchCA(t *testing.T, dir string, args ...string) (text string, stop func() string) {
	t.Helper()
	command := exec.Command(assay, append([]string{"ca", "--acme-port", "0", "--dns-port", "0",
		"--dir", dir}, args...)...)
	out := &printed{}
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceValue(func() string {
		command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("%v:\n%s", err, out)
		}
		return out.String()
	})
	t.Cleanup(func() { stop() })
	NewWithT(t).Eventually(out.String).WithTimeout(time.Minute).Should(ContainSubstring("Events at"))
	return out.String(), stop
}

// found returns the first group of an expression.
func found(t *testing.T, text, expression string) string {
	t.Helper()
	match := regexp.MustCompile(expression).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("found no %q in:\n%s", expression, text)
	}
	return match[1]
}

// clientOf returns a client of the CA at a directory URL, with a new account key.
func clientOf(t *testing.T, directory, dir string) *acme.Client {
	t.Helper()
	root, err := os.ReadFile(filepath.Join(dir, "endpoint-root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &acme.Client{
		Key: key, DirectoryURL: directory, HTTPClient: &http.Client{Transport: transport},
	}
}

// TestCAIssuesAWildcard obtains a certificate for a wildcard by dns-01, with an external
// account, from a CA that is reached as localhost.
func TestCAIssuesAWildcard(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	text, dir := startCA(t, "--dns-api", ":0", "--ca", "letsencrypt@2028-02-16",
		"--eab", "kid-1:"+base64.RawURLEncoding.EncodeToString([]byte(secret)))
	directory := found(t, text, `directory URL +(https://\S+)`)
	directory = strings.Replace(directory, "127.0.0.1", "localhost", 1)
	api := found(t, text, `(http://\S+)/set-txt`)
	ctx := t.Context()

	client := clientOf(t, directory, dir)
	if _, err := client.Register(ctx, &acme.Account{}, acme.AcceptTOS); err == nil {
		t.Error("the CA took an account without an external account binding")
	}
	account := &acme.Account{
		ExternalAccountBinding: &acme.ExternalAccountBinding{KID: "kid-1", Key: []byte(secret)},
	}
	if _, err := client.Register(ctx, account, acme.AcceptTOS); err != nil {
		t.Fatal(err)
	}
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs("*.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	authorization, err := client.GetAuthorization(ctx, order.AuthzURLs[0])
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(authorization.Challenges, func(c *acme.Challenge) bool {
		return c.Type == "dns-01"
	})
	if i < 0 {
		t.Fatalf("found the challenges %+v, expected dns-01 among them", authorization.Challenges)
	}
	challenge := authorization.Challenges[i]
	value, err := client.DNS01ChallengeRecord(challenge.Token)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"host": "_acme-challenge.example.test.", "value": %q}`, value)
	answer, err := http.Post(api+"/set-txt", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("set-txt: %s %s", answer.Status, said)
	}
	if _, err := client.Accept(ctx, challenge); err != nil {
		t.Fatal(err)
	}
	if order, err = client.WaitOrder(ctx, order.URI); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{DNSNames: []string{"*.example.test"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	chain, _, err := client.CreateOrderCert(ctx, order.FinalizeURL, request, true)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := leaf.VerifyHostname("a.example.test"); err != nil {
		t.Error(err)
	}
	if days := leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24; days < 44 || days > 46 {
		t.Errorf("the certificate is valid for %.1f days, expected 45", days)
	}
}

// TestCAKeepsItsRoots starts a CA twice. Whoever trusts the roots of the first one trusts
// the second one too.
func TestCAKeepsItsRoots(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	roots := map[string][2]string{}
	for i := range 2 {
		text, dir := startCA(t, "--state", state)
		for _, name := range []string{"root.pem", "endpoint-root.pem"} {
			pem, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			seen := roots[name]
			seen[i] = string(pem)
			roots[name] = seen
		}
		client := clientOf(t, found(t, text, `directory URL +(https://\S+)`), dir)
		if _, err := client.Discover(t.Context()); err != nil {
			t.Error(err)
		}
		answer, err := client.HTTPClient.Get(found(t, text, `(https://\S+)/roots/0`) + "/roots/0")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if string(body) != roots["root.pem"][i] {
			t.Errorf("/roots/0 is %q, expected what root.pem holds", body)
		}
	}
	for name, seen := range roots {
		if seen[0] != seen[1] || seen[0] == "" {
			t.Errorf("%s differs after a restart", name)
		}
	}
}

// TestCAHasFaults lets a CA fail as its flags say.
func TestCAHasFaults(t *testing.T) {
	t.Parallel()
	text, dir := startCA(t, "--fault", "directory=500", "--fault", "directory=403@2")
	directory := found(t, text, `directory URL +(https://\S+)`)
	client := clientOf(t, directory, dir)
	for _, want := range []int{500, 403, 200} {
		answer, err := client.HTTPClient.Get(directory)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("status %d, expected %d", answer.StatusCode, want)
		}
	}
}

// TestCAMistakes checks what "assay ca" says about wrong flags, and about a directory that
// another CA uses.
func TestCAMistakes(t *testing.T) {
	t.Parallel()
	_, dir := startCA(t)
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"--dir", dir}, "--dir: another CA uses " + dir},
		{[]string{"--eab", "kid"}, "expected a key ID, a colon, and a key of at least 32 bytes"},
		{[]string{"--eab", "kid:c2VjcmV0"}, "expected a key ID, a colon, and a key of at least 32 bytes"},
		{[]string{"--dns-api", "here", "--acme-port", "0", "--dns-port", "0", "--dir", t.TempDir()},
			`--dns-api: found "here", expected IP:PORT or :PORT`},
		{[]string{"--lifetime", "long"}, "expected a time such as 730d"},
		{[]string{"--fault", "newOrder=tea"}, `found "tea", expected badNonce`},
		{[]string{"--fault", "newOrder=500", "--stock", "--acme-port", "0", "--dns-port", "0",
			"--dir", t.TempDir()}, "expected no --stock"},
		{[]string{"--state", assay, "--acme-port", "0", "--dns-port", "0", "--dir", t.TempDir()},
			"--state: "},
		{[]string{"--ca", "letsencript"}, "did you mean letsencrypt?"},
	} {
		code, output := run(t, append([]string{"ca"}, row.args...)...)
		if code != 2 || !strings.Contains(output, row.want) {
			t.Errorf("%q: exit %d, %q, expected 2 and %q", row.args, code, output, row.want)
		}
	}
}
