package pebble

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/pebble/limits"
	"assay/pebble/traffic"
)

// endlessly sends a text again and again until the connection ends.
func endlessly(text string) func(io.Writer) {
	return func(w io.Writer) {
		part := []byte(strings.Repeat(text, 1+64<<10/len(text)))
		for {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}
}

func saying(text string) func(io.Writer) {
	return func(w io.Writer) { io.WriteString(w, text) }
}

// bomb returns a gzip stream of this many megabytes of zeros.
func bomb(megabytes int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range megabytes {
		w.Write(make([]byte, 1<<20))
	}
	w.Close()
	return b.String()
}

// hostile starts a server that answers each connection, after the request, by these
// functions one after the other, and then closes it.
func hostile(t *testing.T, answer ...func(io.Writer)) string {
	t.Helper()
	l := listen(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.Read(make([]byte, 4096))
				for _, a := range answer {
					a(conn)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// validate asks for a challenge through a gateway as Pebble's validation does: it
// follows redirects, unpacks what is packed, and reads the answer to its end.
func validate(t *testing.T, server string) (body []byte, journal *Journal, err error) {
	t.Helper()
	front := listen(t)
	journal = newJournal(nil)
	gateway := newGateway(Options{
		Dial:     new(net.Dialer).DialContext,
		Gateway:  []GatewayListener{{Listener: front, HTTP: true, Forward: server}},
		HTTPPort: portOf(front.Addr()), TLSPort: 443,
	}, journal, &traffic.Meter{}, nil)
	defer gateway.close()
	client := &http.Client{Timeout: validationTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, front.Addr().String())
		},
	}}
	url := fmt.Sprintf("http://www.example.test:%d/.well-known/acme-challenge/x", portOf(front.Addr()))
	resp, err := client.Get(url)
	if err != nil {
		return nil, journal, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return body, journal, err
}

// Whatever a server answers to a validation, the CA reads little of it, and its
// journal says why the validation failed.
func TestAnswersToValidationsAreBounded(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	packed := bomb(100)
	for name, row := range map[string]struct {
		answer []func(io.Writer)
		detail string // of the journal's entry
	}{
		"endless status line": {
			[]func(io.Writer){endlessly("HTTP/1.1 200 ")},
			"the server's answer has a line of more than 8192 bytes in its head",
		},
		"endless line in the header": {
			[]func(io.Writer){saying(ok + "X: "), endlessly("x")},
			"the server's answer has a line of more than 8192 bytes in its head",
		},
		"endless header": {
			[]func(io.Writer){saying(ok), endlessly("X-Header: of a kind that nobody knows\r\n")},
			"the head of the server's answer has more than 65536 bytes",
		},
		"endless interim answers": {
			[]func(io.Writer){endlessly("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")},
			"the head of the server's answer has more than 65536 bytes",
		},
		"endless body": {[]func(io.Writer){saying(ok + "\r\n"), endlessly("x")}, ""},
		"endless chunks": {[]func(io.Writer){
			saying(ok + "Transfer-Encoding: chunked\r\n\r\n"), endlessly("1\r\nx\r\n"),
		}, ""},
		"packed body that is very large": {[]func(io.Writer){
			saying(ok + "content-encoding: gzip\r\n\r\n" + packed),
		}, ""},
		"packed body after an interim answer": {[]func(io.Writer){
			saying("HTTP/1.1 103 Early Hints\r\n\r\n" + ok + "Content-Encoding: gzip\r\n\r\n" + packed),
		}, ""},
		"redirects to itself": {[]func(io.Writer){
			saying("HTTP/1.1 302 Found\r\nLocation: /.well-known/acme-challenge/x\r\n\r\n"),
		}, ""},
		"redirect to another port": {[]func(io.Writer){
			saying("HTTP/1.1 302 Found\r\nLocation: http://www.example.test:22/\r\n\r\n"),
		}, `the server redirects to "http://www.example.test:22/": expected port 80 or 443`},
		"redirect to an address": {[]func(io.Writer){
			saying("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n"),
		}, `the server redirects to "http://127.0.0.1/": expected a name`},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			server := hostile(t, row.answer...)
			runtime.ReadMemStats(&before)
			began := time.Now()
			body, journal, err := validate(t, server)
			runtime.ReadMemStats(&after)
			if took := time.Since(began); took > validationTimeout {
				t.Errorf("took %s, expected less than %s", took, validationTimeout)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("needed %d MB, expected less than 16", grown>>20)
			}
			if len(body) > limits.Answer {
				t.Errorf("the CA got %d bytes (%v), expected at most %d", len(body), err, limits.Answer)
			}
			entry := journal.Entries()[0]
			if entry.Detail != row.detail {
				t.Errorf("the journal says %q, expected %q", entry.Detail, row.detail)
			}
		})
	}
}

func TestGoodAnswersPass(t *testing.T) {
	for name, answer := range map[string]string{
		"plain":          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nkey",
		"old":            "HTTP/1.0 200 OK\r\n\r\nkey",
		"chunks":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nkey\r\n0\r\n\r\n",
		"interim answer": "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nkey",
		"many header fields": "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 1000) +
			"Content-Length: 3\r\n\r\nkey",
	} {
		t.Run(name, func(t *testing.T) {
			body, journal, err := validate(t, hostile(t, saying(answer)))
			if err != nil || string(body) != "key" {
				t.Errorf("found %q (%v), expected the answer", body, err)
			}
			if entry := journal.Entries()[0]; entry.Status != 200 || entry.Detail != "" {
				t.Errorf("the journal says %v, expected status 200", entry)
			}
		})
	}
}

// A server that the CA asks by TLS cannot send without end either.
func TestHandshakesAreBounded(t *testing.T) {
	server := hostile(t, endlessly("\x16\x03\x03\x40\x00"))
	front := listen(t)
	gateway := newGateway(Options{
		Dial:    new(net.Dialer).DialContext,
		Gateway: []GatewayListener{{Listener: front, Forward: server}},
	}, newJournal(nil), &traffic.Meter{}, nil)
	defer gateway.close()
	conn, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte("no hello at all"))
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	n, err := io.Copy(io.Discard, conn)
	if n > limits.Handshake {
		t.Errorf("read %d bytes (%v), expected at most %d", n, err, limits.Handshake)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection did not end, expected its end after the limit")
	}
}

func TestJournalIsBounded(t *testing.T) {
	j := newJournal(nil)
	long := strings.Repeat("ü", limits.Text)
	for range limits.Entries + 7 {
		j.add(Entry{What: "x"})
	}
	if n, left := len(j.Entries()), j.LeftOut(); n != limits.Entries || left != 7 {
		t.Errorf("%d entries and %d left out, expected %d and 7", n, left, limits.Entries)
	}
	j = newJournal(nil)
	names := make([]string, 10*limits.Names)
	j.add(Entry{
		What: long, Detail: long, Host: long, Identifiers: append(names, long), Contact: names,
	})
	e := j.Entries()[0]
	for _, text := range []string{e.What, e.Detail, e.Host} {
		if len(text) > limits.Text+len("…") {
			t.Errorf("a text of %d bytes, expected at most %d", len(text), limits.Text)
		}
	}
	if len(e.Identifiers) != limits.Names+1 || len(e.Contact) != limits.Names+1 {
		t.Errorf("%d names and %d contacts, expected %d of each",
			len(e.Identifiers), len(e.Contact), limits.Names+1)
	}
}

// A client that never stops is refused after a while, without Pebble and without
// further entries of the journal.
func TestRequestsAreBounded(t *testing.T) {
	s := newSite(t)
	s.ca.edge.requests.Store(limits.Requests - 1)
	client := httpClient(t, s.ca)
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests, http.StatusTooManyRequests} {
		resp, err := client.Get(s.ca.DirectoryURL())
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("request %d: status %d, expected %d", i+1, resp.StatusCode, want)
		}
		if want != http.StatusOK && !strings.Contains(string(text), "rateLimited") {
			t.Errorf("request %d: found %s, expected a problem document", i+1, text)
		}
	}
	if n := len(s.ca.Journal().Entries()); n != 2 {
		t.Errorf("%d entries, expected one for the answer and one for the refusals:\n%s",
			n, s.ca.Journal())
	}
}

// Connections that say nothing wait for one another beyond a number, and a client
// that comes in time is served when they end.
func TestConnectionsAreBounded(t *testing.T) {
	inner := listen(t)
	l := limits.Listener(inner, 3)
	var mu sync.Mutex
	var open []net.Conn
	accepted := make(chan struct{}, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			accepted <- struct{}{}
		}
	}()
	for range 5 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	for range 3 {
		<-accepted
	}
	select {
	case <-accepted:
		t.Error("a fourth connection was accepted, expected three")
	case <-time.After(50 * time.Millisecond):
	}
	mu.Lock()
	open[0].Close()
	open[0].Close() // makes no room for a second one
	mu.Unlock()
	<-accepted
	select {
	case <-accepted:
		t.Error("a fifth connection was accepted, expected four")
	case <-time.After(50 * time.Millisecond):
	}
	l.Close()
	if _, more := <-accepted; more {
		t.Error("a connection was accepted after the end, expected none")
	}
}
