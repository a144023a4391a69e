package serve

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/fixtures/pki"
)

// fixed is a source that always serves one certificate.
type fixed struct{ pair *pki.Identity }

func (f fixed) Current() *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{f.pair.Leaf.Raw}, PrivateKey: f.pair.Key}
}
func (f fixed) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.Current(), nil
}
func (f fixed) Protocols() []string { return []string{"h2", "http/1.1"} }

func selfSigned(t *testing.T) *pki.Identity {
	t.Helper()
	pair, err := pki.New(pki.Spec{Names: []string{"a.test"}, CommonName: "a.test", SelfSigned: true})
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// start runs a site on a port of its own until the test ends. Stopping twice is
// fine.
func start(t *testing.T, source Source) (address string, stop func() error) {
	t.Helper()
	servers, err := Listen(log.New(io.Discard, "", 0),
		Endpoint{Address: "127.0.0.1:0", Source: source, Handler: NewHandler(source)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- servers.Run(ctx); close(ended) }()
	stop = func() error { cancel(); return <-ended }
	t.Cleanup(func() { stop() })
	return servers.listeners[0].Addr().String(), stop
}

func client(pair *pki.Identity, http2 bool) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: "a.test"},
		ForceAttemptHTTP2: http2,
	}}
}

func TestSite(t *testing.T) {
	t.Parallel()
	pair := selfSigned(t)
	address, _ := start(t, fixed{pair})
	for _, http2 := range []bool{false, true} {
		c := client(pair, http2)
		for path, want := range map[string]struct {
			status int
			kind   string
			parts  []string
		}{
			"/health": {200, "application/health+json; charset=utf-8", []string{`{"status":"pass"}`}},
			"/": {200, "text/html; charset=utf-8", []string{
				"<h1>This server presents the certificate of CN=a.test</h1>",
				`<dd id="not-after"><time datetime="` + pair.Leaf.NotAfter.UTC().Format(time.RFC3339) + `">`,
				`<dd id="serial">` + pair.Leaf.SerialNumber.Text(16), "(89 days left)",
				"ECDSA, P-256", "TLS 1.3"}},
			"/other":      {404, "", nil},
			"/index.html": {404, "", nil},
		} {
			res, err := c.Get("https://" + address + path)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != want.status ||
				want.kind != "" && res.Header.Get("Content-Type") != want.kind ||
				http2 != (res.ProtoMajor == 2) {
				t.Errorf("%s: got %s %s %s", path, res.Proto, res.Status, res.Header.Get("Content-Type"))
			}
			for _, part := range want.parts {
				if !bytes.Contains(body, []byte(part)) {
					t.Errorf("%s: no %q in\n%s", path, part, body)
				}
			}
		}
		c.CloseIdleConnections()
	}
}

func TestPageWithoutTLS(t *testing.T) {
	t.Parallel()
	address, _ := start(t, nil)
	res, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || !strings.Contains(string(body), "presents no certificate") {
		t.Errorf("got %s\n%s", res.Status, body)
	}
}

func TestHandshakes(t *testing.T) {
	t.Parallel()
	address, _ := start(t, fixed{selfSigned(t)})
	for name, test := range map[string]struct {
		config *tls.Config
		ok     bool
	}{
		"TLS 1.3": {
			&tls.Config{MinVersion: tls.VersionTLS13, ServerName: "a.test"}, true,
		},
		"TLS 1.2": {
			&tls.Config{MaxVersion: tls.VersionTLS12, ServerName: "a.test"}, true,
		},
		"TLS 1.1": {
			&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false,
		},
		"another name":            {&tls.Config{ServerName: "b.test"}, true},
		"no name":                 {&tls.Config{}, true},
		"http/1.1 alone":          {&tls.Config{NextProtos: []string{"http/1.1"}}, true},
		"challenge not on offer":  {&tls.Config{NextProtos: []string{"acme-tls/1"}}, false},
		"no certificate demanded": {&tls.Config{GetClientCertificate: noClientCertificate(t)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.InsecureSkipVerify = true
			conn, err := tls.Dial("tcp", address, test.config)
			if (err == nil) != test.ok {
				t.Fatalf("got %v, want success %v", err, test.ok)
			}
			if err == nil {
				conn.Close()
			}
		})
	}
}

func noClientCertificate(t *testing.T) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		t.Error("a client certificate was demanded")
		return &tls.Certificate{}, nil
	}
}

func TestPlainHTTPOnTheTLSPort(t *testing.T) {
	t.Parallel()
	address, _ := start(t, fixed{selfSigned(t)})
	res, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s", res.Status)
	}
}

// Peers that say nothing, half a greeting or rubbish delay neither others nor
// the end.
func TestShutdownIsBounded(t *testing.T) {
	t.Parallel()
	pair := selfSigned(t)
	address, stop := start(t, fixed{pair})
	for _, greeting := range []string{"", "\x16\x03\x01\x02\x00\x01", "rubbish"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, greeting)
	}
	halfRequest, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer halfRequest.Close()
	io.WriteString(halfRequest, "GET / HTTP/1.1\r\nHost: a.test\r\n")
	idle, err := client(pair, true).Get("https://" + address + "/health")
	if err != nil {
		t.Fatal(err)
	}
	idle.Body.Close()

	begun := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > drain+time.Second {
		t.Errorf("the end took %v", took)
	}
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	again.Close()
}

// A request that is under way when the end comes is answered.
func TestShutdownAnswersOpenRequests(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	servers, err := Listen(
		log.New(io.Discard, "", 0),
		Endpoint{Address: "127.0.0.1:0", Handler: http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) {
				close(entered)
				<-release
				io.WriteString(w, "done")
			})},
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- servers.Run(ctx) }()

	conn, err := net.Dial("tcp", servers.listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
	<-entered
	cancel()
	close(release)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "done" {
		t.Errorf("got %q", body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestListenOpensAllPortsOrNone(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()

	var logged strings.Builder
	_, err = Listen(log.New(&logged, "", 0),
		Endpoint{Place: "config.yaml:1: listen_addr", Address: free.Addr().String()},
		Endpoint{Place: "config.yaml:2: tls_letsencrypt_listen", Address: taken.Addr().String()})
	want := `config.yaml:2: tls_letsencrypt_listen: cannot listen on "` + taken.Addr().
		String() +
		`": `
	var op *net.OpError
	if !errors.As(err, &op) || !strings.HasPrefix(err.Error(), want) || logged.Len() > 0 {
		t.Errorf("got %v, logged %q, want %s…", err, &logged, want)
	}
	if again, err := net.Listen("tcp", free.Addr().String()); err != nil {
		t.Errorf("the other port stays open: %v", err)
	} else {
		again.Close()
	}
}
