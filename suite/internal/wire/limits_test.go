package wire

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"assay/suite/internal/limits"
)

// bomb holds a gzip stream of 100 MiB of zeros.
var bomb = func() string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range 100 {
		w.Write(make([]byte, 1<<20))
	}
	w.Close()
	return b.String()
}()

// serveEach calls a function for each connection of a listener, until it is closed.
func serveEach(listener net.Listener, serve func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			serve(conn)
		}()
	}
}

// answering starts a server that answers by a text, and then by another one again and
// again until the client hangs up.
func answering(t *testing.T, first, again string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	part := []byte(strings.Repeat(again, 64<<10/max(1, len(again))))
	go serveEach(listener, func(conn net.Conn) {
		conn.Read(make([]byte, 4096))
		_, err := io.WriteString(conn, first)
		for err == nil && again != "" {
			_, err = conn.Write(part)
		}
	})
	return listener.Addr().String()
}

// Whatever a server answers, a client reads little of it, and says why it stopped.
func TestAnswersAreBounded(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, row := range map[string]struct {
		first, again string
		body         int // bytes
		head         bool
	}{
		"endless status line": {"", "HTTP/1.1 200 ", 0, true},
		"endless header":      {ok, "X-Header: of a kind that nobody knows\r\n", 0, true},
		"endless header line": {ok + "X: ", "x", 0, true},
		"endless body":        {ok + "\r\n", "x", limits.HTTPBody, false},
		"endless chunks": {ok + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n",
			limits.HTTPBody, false},
		"endless length of a chunk": {ok + "Transfer-Encoding: chunked\r\n\r\n", "0", 0, false},
		"packed body":               {ok + "Content-Encoding: gzip\r\n\r\n" + bomb, "", len(bomb), false},
	} {
		t.Run(name, func(t *testing.T) {
			request := Request{
				Dial: new(net.Dialer).DialContext, Address: answering(t, row.first, row.again), Target: "/",
			}
			expectLittle(t, func() {
				resp := request.Send(t.Context())
				if errors.Is(resp.Err, ErrHead) != row.head {
					t.Errorf("found error %v, expected one about the head: %t", resp.Err, row.head)
				}
				if len(resp.Body) != row.body {
					t.Errorf("found a body of %d bytes (%v), expected %d", len(resp.Body), resp.Err, row.body)
				}
			})
		})
	}
}

// The same by HTTP/2, which net/http speaks.
func TestAnswersByHTTP2AreBounded(t *testing.T) {
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		body    int
		fails   bool
	}{
		"endless body": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write(make([]byte, 64<<10))
			}
		}, limits.HTTPBody, false},
		"packed body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, bomb)
		}, len(bomb), false},
		"large header": {func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.Header().Add("X-Header", strings.Repeat("x", limits.HTTPHead/50))
			}
		}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(row.handler)
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			client := Client{
				Dial: new(net.Dialer).DialContext, Address: server.Listener.Addr().String(),
				ServerName: "example.com", Protocols: []string{http2Protocol}, KeepOpen: true,
				MaxVersion: tls.VersionTLS13,
			}
			expectLittle(t, func() {
				h := client.Handshake(t.Context())
				if h.Err != nil {
					t.Fatal(h.Err)
				}
				resp := h.Exchange(t.Context(), "/")
				if len(resp.Body) != row.body || (resp.Err != nil) != row.fails {
					t.Errorf("found a body of %d bytes and error %v, expected %d bytes and an error: %t",
						len(resp.Body), resp.Err, row.body, row.fails)
				}
			})
		})
	}
}

// expectLittle fails the test if f needs much memory or time.
func expectLittle(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	f()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 24<<20 {
		t.Errorf("needed %d MB, expected less than 24", grown>>20)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s, expected less than 20s", took)
	}
}

// TestInformationalResponses checks that the final response is read behind those that only
// inform, and that there has to be one.
func TestInformationalResponses(t *testing.T) {
	t.Parallel()
	const hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
	const final = "HTTP/1.1 204 No Content\r\n\r\n"
	for text, status := range map[string]int{
		final:                            204,
		hints + final:                    204,
		strings.Repeat(hints, 5) + final: 204,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n": 101,
		hints: 0, strings.Repeat(hints, 20) + final: 0,
	} {
		resp := &Response{Request: Request{Method: http.MethodGet}}
		err := resp.read(strings.NewReader(text))
		if resp.Status != status || (err == nil) != (status != 0) {
			t.Errorf("%.80q: found status %d (%v), expected %d", text, resp.Status, err, status)
		}
	}
}
