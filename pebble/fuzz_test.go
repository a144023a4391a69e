package pebble

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"assay/pebble/limits"
)

// FuzzReadHead checks that the head of an answer to a validation is passed on within
// the limits, without an encoding of its content, and with the status that package
// net/http reads.
func FuzzReadHead(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.0 404 no\n\n", "SSH-2.0-x\r\n",
		"\r\n", "HTTP/1.1 2",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 301 x\r\nLocation: http://[::1]:81/\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\ncontent-encoding : br\r\n\r\n",
		"HTTP/1.1 200 OK\r\n x\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: https://10.0.0.1/\r\nLocation: /\r\n\r\n",
		"HTTP/1.1 -200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 40),
		"HTTP/1.1 99999999999999999999 x\r\n\r\n",
	} {
		f.Add([]byte(text), "host.test")
	}
	f.Fuzz(func(t *testing.T, text []byte, host string) {
		rest := bufio.NewReaderSize(bytes.NewReader(text), limits.StatusLine)
		head, err := readHead(rest)
		if err != nil {
			return
		}
		if len(head.text) > limits.AnswerHead || len(head.text) > len(text) {
			t.Errorf("%q: the head has %d bytes", text, len(head.text))
		}
		if head.status == 0 {
			return // it is not HTTP, and Pebble is to say so
		}
		for line := range bytes.Lines(head.text) {
			name, _, _ := strings.Cut(string(line), ":")
			if strings.EqualFold(strings.TrimSpace(name), "Content-Encoding") {
				t.Errorf("%q: the head still has %q", text, line)
			}
		}
		answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head.text)), nil)
		if err == nil && head.status >= 200 && answer.StatusCode != head.status &&
			answer.StatusCode/100 != 1 {
			t.Errorf("%q: found the status %d, net/http finds %d", text, head.status, answer.StatusCode)
		}
		checkFollowed(t, head, host)
	})
}

// checkFollowed checks that a redirect that is passed on leads to port 80 or 443, and to
// no other address than the one that is validated.
func checkFollowed(t *testing.T, head answerHead, host string) {
	t.Helper()
	err := head.checkRedirect(host, []int{80, 443})
	if err != nil || head.status/100 != 3 {
		return
	}
	to, err := url.Parse(head.location)
	if err != nil || to.Host == "" {
		return
	}
	if port := to.Port(); port != "" && port != "80" && port != "443" && strings.TrimLeft(port,
		"0") != "80" &&
		strings.TrimLeft(port, "0") != "443" {
		t.Errorf("%q: a redirect to port %s is passed on", head.location, port)
	}
	if ip, err := netip.ParseAddr(to.Hostname()); err == nil && ip.String() != strings.Trim(host,
		"[]") &&
		to.Hostname() != strings.Trim(host, "[]") {
		t.Errorf("%q: a redirect to the address %s is passed on for %q", head.location, ip, host)
	}
}

// FuzzRequest checks that what a client of the CA sends is journaled within the limits
// and without secrets, and that Pebble gets it as it was sent.
func FuzzRequest(f *testing.F) {
	encode := base64.RawURLEncoding.EncodeToString
	jws := func(protected, payload string) []byte {
		text, err := json.Marshal(map[string]string{
			"protected": encode([]byte(protected)), "payload": encode([]byte(payload)), "signature": "AA",
		})
		if err != nil {
			f.Fatal(err)
		}
		return text
	}
	f.Add("/order-plz", jws(`{"kid":"https://ca/my-account/1","nonce":"n"}`,
		`{"identifiers":[{"type":"dns","value":"a.test"}]}`))
	f.Add("/sign-me-up", jws(`{"nonce":"n"}`,
		`{"contact":["mailto:a@b"],"termsOfServiceAgreed":true}`))
	f.Add("/my-order/1", jws(`{"kid":"x"}`, ""))
	f.Add("/certZ/0012/1", []byte(`{"payload":""}`))
	f.Add("/chalZ/", []byte(`[`))
	f.Add("/directory", []byte("null"))
	f.Add("/.well-known/acme-challenge/abcdefghijklmnopqrstuvwxyz", []byte(`{"protected":null}`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.URL.Path = path
		x := readExchange(r)
		var rest bytes.Buffer
		if _, err := rest.ReadFrom(x.request.Body); err != nil || !bytes.Equal(rest.Bytes(),
			body[:min(len(body), maxBody)]) {
			t.Errorf("%q: Pebble gets %q (%v)", body, rest.Bytes(), err)
		}
		journal := newJournal(nil)
		journal.add(Entry{
			From: "target", To: "ca", Kind: x.kind, What: x.what(), Account: x.account,
			Identifiers: x.identifiers(),
			Contact:     x.payload.Contact, Detail: mask(string(body)),
		})
		for _, e := range journal.Entries() {
			if len(e.What)+len(e.Detail)+len(e.Account) > 3*(limits.Text+8) ||
				len(e.Identifiers) > limits.Names+1 {
				t.Errorf("%q %q: the entry has %d bytes and %d names", path, body, len(e.Detail),
					len(e.Identifiers))
			}
			if keyAuthorization.MatchString(e.What) || keyAuthorization.MatchString(e.Detail) {
				t.Errorf("%q %q: the entry %s holds a key authorization", path, body, e)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Error(err)
			}
		}
	})
}

// recorder is a [dns.ResponseWriter] that keeps the answer.
type recorder struct {
	dns.ResponseWriter
	reply *dns.Msg
}

func (r *recorder) WriteMsg(m *dns.Msg) error { r.reply = m; return nil }

// FuzzDNS checks that every message that can be read gets an answer to its question that
// can be sent.
func FuzzDNS(f *testing.F) {
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeCAA, dns.TypeTXT, dns.TypeANY,
		dns.TypeAXFR} {
		for _, name := range []string{"a.test.", "A.Test.", ".", "*.", "b.test.",
			strings.Repeat("a.", 100)} {
			text, err := new(dns.Msg).SetQuestion(name, kind).Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	server := NewDNS(nil, nil)
	server.Point("a.test", netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"))
	server.Point("b.test")
	f.Fuzz(func(t *testing.T, text []byte) {
		var request dns.Msg
		if request.Unpack(text) != nil {
			return
		}
		w := &recorder{}
		server.ServeDNS(w, &request)
		if w.reply == nil || w.reply.Id != request.Id || !w.reply.Response {
			t.Fatalf("%s\nanswered by\n%s", &request, w.reply)
		}
		if _, err := w.reply.Pack(); err != nil && len(request.Question) > 0 {
			if _, err := new(dns.Msg).SetQuestion(request.Question[0].Name, dns.TypeA).Pack(); err == nil {
				t.Errorf("the answer cannot be sent: %v\n%s", err, w.reply)
			}
		}
		for _, r := range w.reply.Answer {
			q := request.Question[0]
			if r.Header().Rrtype != q.Qtype || !strings.EqualFold(r.Header().Name, q.Name) {
				t.Errorf("%s\nanswered by\n%s", &request, w.reply)
			}
		}
	})
}

// bytesConn is a connection of which everything was received.
type bytesConn struct {
	net.Conn
	*bytes.Reader
}

func (c bytesConn) Read(p []byte) (int, error)       { return c.Reader.Read(p) }
func (c bytesConn) SetReadDeadline(time.Time) error  { return nil }
func (c bytesConn) SetDeadline(time.Time) error      { return nil }
func (c bytesConn) SetWriteDeadline(time.Time) error { return nil }
func (c bytesConn) Close() error                     { return nil }
func (c bytesConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c bytesConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// FuzzServerName checks that every byte of a hello that was read to find its name can be
// passed on.
func FuzzServerName(f *testing.F) {
	f.Add([]byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(hello(f, "a.test"))
	f.Fuzz(func(t *testing.T, text []byte) {
		unread := bytes.NewReader(text)
		name, read := serverName(bytesConn{Reader: unread}, time.Minute)
		if !bytes.HasPrefix(text, read) || len(read)+unread.Len() != len(text) {
			t.Errorf("%q: read %q, and %d bytes are left", text, read, unread.Len())
		}
		if name != "" && !bytes.Contains(text, []byte(name)) {
			// Records may cut a name in two.
			t.Logf("%q: found the name %q", text, name)
		}
	})
}

// FuzzHost checks that a Host header without its port is one that leads to the same host.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"a.test:80", "a.test", "[::1]:80", "[::1]", "::1", "a:b:c", "",
		":80", "[", "a.test:"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		bare := bareHost(host)
		if again := bareHost(bare); again != bare && strings.Count(host, "[") < 2 {
			t.Errorf("%q became %q, and then %q", host, bare, again)
		}
		if _, _, err := net.SplitHostPort(net.JoinHostPort(strings.Trim(bare, "[]"),
			"80")); err != nil &&
			!strings.ContainsAny(host, "[]") {
			t.Errorf("%q became %q: %v", host, bare, err)
		}
	})
}

// hello returns the hello of a client that wants this name.
func hello(f *testing.F, name string) []byte {
	f.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		_ = tls.Client(theirs, &tls.Config{ServerName: name}).Handshake()
		theirs.Close()
	}()
	text := make([]byte, 1<<16)
	n, err := ours.Read(text)
	if err != nil {
		f.Fatal(err)
	}
	return text[:n]
}
