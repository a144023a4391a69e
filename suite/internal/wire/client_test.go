package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assay/fixtures/pki"
)

// serve starts a TLS server with this identity. change may change its
// configuration. The returned client connects to it and trusts the root.
func serve(t *testing.T, id *pki.Identity, change func(*tls.Config)) Client {
	t.Helper()
	key, err := id.KeyFile(pki.None)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(id.ChainPEM(), key)
	if err != nil {
		t.Fatal(err)
	}
	echo := func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.RequestURI)) }
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.Config.ErrorLog = nil
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if change != nil {
		change(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return Client{
		Dial:       new(net.Dialer).DialContext,
		Address:    server.Listener.Addr().String(),
		Roots:      id.Pool(),
		ServerName: "a.test",
	}
}

func identity(t *testing.T, spec pki.Spec) *pki.Identity {
	t.Helper()
	spec.Names = []string{"a.test"}
	id, err := pki.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestHandshakeShowsTheChain(t *testing.T) {
	id := identity(t, pki.Spec{Intermediates: 2})
	client := serve(t, id, nil)
	h := client.Handshake(context.Background())
	if h.Err != nil || h.VerifyErr != nil || len(h.Chain) != 3 || !h.Leaf().Equal(id.Leaf) {
		t.Errorf("err %v, verification %v, %d certificates", h.Err, h.VerifyErr, len(h.Chain))
	}
	if h.Local == "" || h.State.Version != tls.VersionTLS13 {
		t.Errorf("local address %q, version %x", h.Local, h.State.Version)
	}
	// A client that trusts another root sees the same chain and rejects it.
	client.Roots = identity(t, pki.Spec{}).Pool()
	if h := client.Handshake(context.Background()); h.Err != nil || h.VerifyErr == nil ||
		len(h.Chain) != 3 {
		t.Errorf(
			"with another root: err %v, verification %v, %d certificates",
			h.Err,
			h.VerifyErr,
			len(h.Chain),
		)
	}
}

func TestVerifyFetchesNothing(t *testing.T) {
	id := identity(t, pki.Spec{Intermediates: 1})
	client := serve(t, id, nil)
	if err := client.Verify(id.Chain()); err != nil {
		t.Errorf("the full chain: %v", err)
	}
	if err := client.Verify(id.Chain()[:1]); err == nil {
		t.Error("the leaf alone was accepted")
	}
	client.ServerName = "b.test"
	if err := client.Verify(id.Chain()); err == nil {
		t.Error("a certificate for another name was accepted")
	}
}

// A client judges validity at the time that it is told, which is the target's.
func TestVerifyAtTheTargetsTime(t *testing.T) {
	id := identity(t, pki.Spec{Lifetime: time.Hour})
	client := Client{ServerName: "a.test", Roots: id.Pool()}
	for after, valid := range map[time.Duration]bool{
		-time.Hour: false, time.Minute: true, 2 * time.Hour: false,
	} {
		client.Now = func() time.Time { return id.Leaf.NotBefore.Add(after) }
		if err := client.Verify(id.Chain()); (err == nil) != valid {
			t.Errorf("%s after the certificate begins: %v, expected that it is valid: %t",
				after, err, valid)
		}
	}
}

func TestAlert(t *testing.T) {
	const protocolVersion, internalError = 70, 80 // RFC 8446 §6
	for _, tt := range []struct {
		name   string
		server func(*tls.Config)
		client func(*Client)
		alert  tls.AlertError
	}{
		{
			"version",
			func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 },
			func(c *Client) { c.MaxVersion = tls.VersionTLS12 },
			protocolVersion,
		},
		{"certificate", func(c *tls.Config) {
			c.Certificates = nil
			c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				return nil, errors.New("none")
			}
		}, nil, internalError},
		{"name that crypto/tls would not send", func(c *tls.Config) {
			c.Certificates = nil
			c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				return nil, errors.New("none for " + hello.ServerName)
			}
		}, func(c *Client) { c.ServerName, c.AnyServerName = "192.0.2.10", true }, internalError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := serve(t, identity(t, pki.Spec{}), tt.server)
			if tt.client != nil {
				tt.client(&client)
			}
			h := client.Handshake(context.Background())
			if alert, ok := h.Alert(); !ok || alert != tt.alert {
				t.Errorf("alert %d (%v), expected %d; error %v", uint8(alert), ok, uint8(tt.alert), h.Err)
			}
		})
	}
}

// The name arrives as it was given.
func TestAnyServerName(t *testing.T) {
	got := make(chan string, 1)
	client := serve(t, identity(t, pki.Spec{}), func(c *tls.Config) {
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			got <- hello.ServerName
			return nil, errors.New("enough")
		}
	})
	client.ServerName, client.AnyServerName = "192.0.2.10", true
	client.Handshake(context.Background())
	if name := <-got; name != "192.0.2.10" {
		t.Errorf("the server saw %q", name)
	}
}

func TestClientCertificateRequested(t *testing.T) {
	for _, auth := range []tls.ClientAuthType{tls.NoClientCert, tls.RequestClientCert} {
		client := serve(t, identity(t, pki.Spec{}), func(c *tls.Config) { c.ClientAuth = auth })
		if h := client.Handshake(context.Background()); h.Requested != (auth != tls.NoClientCert) {
			t.Errorf("%v: requested %v (%v)", auth, h.Requested, h.Err)
		}
	}
}

func TestRequestIsSentAsItIs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.Host + " " + r.RequestURI))
	}))
	defer server.Close()
	r := Request{
		Dial:    new(net.Dialer).DialContext,
		Address: server.Listener.Addr().String(),
		Target:  "/a/../../b%2f..",
		Host:    "other.test",
	}
	answer := r.Send(context.Background())
	if answer.Err != nil || answer.Body != "other.test /a/../../b%2f.." {
		t.Errorf("err %v, body %q", answer.Err, answer.Body)
	}
}

func TestExchangeOnAnOpenConnection(t *testing.T) {
	client := serve(t, identity(t, pki.Spec{}), nil)
	client.KeepOpen = true
	h := client.Handshake(context.Background())
	if h.Err != nil {
		t.Fatal(h.Err)
	}
	defer h.Close()
	if answer := h.Exchange(t.Context(), "/hello"); answer.Err != nil ||
		!strings.Contains(answer.Body, "/hello") {
		t.Errorf("err %v, body %q", answer.Err, answer.Body)
	}
}

func TestSendSaysWhyItGaveUp(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cause := errors.New("no answer in time")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, cause)
	defer cancel()
	r := Request{Dial: new(net.Dialer).DialContext, Address: listener.Addr().String(), Target: "/"}
	if response := r.Send(ctx); !errors.Is(response.Err, cause) {
		t.Errorf("error %v, expected %q in it", response.Err, cause)
	}
}

// TestExchangeByHTTP2 asks by the protocol that was negotiated, and notices a
// server that negotiates HTTP/2 without speaking it.
func TestExchangeByHTTP2(t *testing.T) {
	for _, speaks := range []bool{true, false} {
		id := identity(t, pki.Spec{})
		echo := func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(r.Proto + " " + r.RequestURI))
		}
		server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
		key, err := id.KeyFile(pki.None)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair(id.ChainPEM(), key)
		if err != nil {
			t.Fatal(err)
		}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		if !speaks {
			server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}
		server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
		server.StartTLS()
		defer server.Close()
		client := Client{
			Dial: new(net.Dialer).DialContext, Address: server.Listener.Addr().String(), Roots: id.Pool(),
			ServerName: "a.test", Protocols: []string{"h2"}, KeepOpen: true,
		}
		h := client.Handshake(t.Context())
		if h.Err != nil {
			t.Fatal(h.Err)
		}
		answer := h.Exchange(t.Context(), "/hello")
		answered := answer.Err == nil
		if answered != speaks || answered && answer.Body != "HTTP/2.0 /hello" {
			t.Errorf("speaks HTTP/2: %v; err %v, body %q", speaks, answer.Err, answer.Body)
		}
	}
}

func TestALostConnectionIsNoRefusal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer func(net.Conn)
		lost   bool
	}{
		{func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }, true}, // a reset
		{func(net.Conn) {}, true},
		{func(conn net.Conn) { // alert 40, handshake_failure (RFC 8446 §6)
			conn.Read(make([]byte, 4096))
			conn.Write([]byte{21, 3, 3, 0, 2, 2, 40})
		}, false},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		go serveEach(listener, tt.answer)
		dialer := net.Dialer{}
		client := Client{
			Dial: dialer.DialContext, Address: listener.Addr().String(), ServerName: "a.test",
		}
		if h := client.Handshake(t.Context()); h.Lost() != tt.lost {
			t.Errorf("%v: lost is %t, expected %t", h.Err, h.Lost(), tt.lost)
		}
	}
}
