package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"assay/suite/internal/limits"
)

// FuzzResponse checks that an answer is read within the limits and as package net/http
// reads it.
func FuzzResponse(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.0 200\n\n", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", "SSH-2.0", "",
		"HTTP/1.1 200 OK\r\nA: b\r\nA: c\r\n\r\nrest",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"HTTP/1.1 200 OK\r\nA:" + strings.Repeat("x", 5000),
	} {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		resp := &Response{Request: Request{Method: method}}
		got := resp.read(bytes.NewReader(text))
		in := bufio.NewReader(bytes.NewReader(text))
		want, err := http.ReadResponse(in, &http.Request{Method: method})
		informs := func() bool {
			return err == nil && want.StatusCode/100 == 1 && want.StatusCode != http.StatusSwitchingProtocols
		}
		for n := 1; n < mostInformational && informs(); n++ {
			want, err = http.ReadResponse(in, &http.Request{Method: method})
		}
		if informs() {
			err = errors.New("no final response")
		}
		if err != nil {
			if got == nil || resp.Status != 0 {
				t.Errorf("%q: read as status %d, net/http says %v", text, resp.Status, err)
			}
			return
		}
		body, err := io.ReadAll(want.Body)
		if len(body) > limits.HTTPBody || len(text) > limits.HTTPHead {
			return
		}
		if resp.Status != want.StatusCode || resp.Body != string(body) || (got == nil) != (err == nil) {
			t.Errorf("%q: found %d %q (%v), net/http finds %d %q (%v)",
				text, resp.Status, resp.Body, got, want.StatusCode, body, err)
		}
	})
}

// FuzzResponseLimits checks that an answer that repeats itself without end is cut off.
func FuzzResponseLimits(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\n", "A: b\r\n")
	f.Add("HTTP/1.1 200 OK\r\n\r\n", "x")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")
	f.Add("", "\r\n")
	f.Add("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n")
	f.Fuzz(func(t *testing.T, begin, part string) {
		if part == "" {
			return
		}
		from := &endless{begin: begin, part: part}
		resp := &Response{Request: Request{Method: http.MethodGet}}
		err := resp.read(from)
		if most := limits.HTTPHead + overhead*limits.HTTPBody + 64<<10; from.read > most {
			t.Errorf("%q and %q without end: %d bytes were read, expected at most %d (%v)",
				begin, part, from.read, most, err)
		}
		if len(resp.Body) > limits.HTTPBody {
			t.Errorf("%q and %q without end: the body has %d bytes", begin, part, len(resp.Body))
		}
	})
}

// endless is a reader of a text and of another one without end.
type endless struct {
	begin, part string
	read        int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		at := e.read + n
		if at < len(e.begin) {
			n += copy(p[n:], e.begin[at:])
		} else {
			n += copy(p[n:], e.part[(at-len(e.begin))%len(e.part):])
		}
	}
	e.read += n
	return n, nil
}

// FuzzFragmented checks that a hello that is cut into records or segments says what it
// said.
func FuzzFragmented(f *testing.F) {
	hello, err := Client{ServerName: "a.test"}.ClientHello()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hello, 1)
	f.Add(hello, 100)
	f.Add([]byte("\x16\x03\x01"), 3)
	f.Add([]byte("\x16\x03\x01\xff\xffxyz"), 2)
	f.Fuzz(func(t *testing.T, flight []byte, size int) {
		size = 1 + size&0xffff
		for name, dial := range map[string]func(DialFunc) DialFunc{
			"records":  func(d DialFunc) DialFunc { return Fragmented(d, size) },
			"segments": Dribbled,
		} {
			sent := &sink{}
			conn, err := dial(func(context.Context, string, string) (net.Conn, error) {
				return sent,
					nil
			})(
				t.Context(), "tcp", "")
			if err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Write(flight); n != len(flight) || err != nil {
				t.Fatalf("wrote %d of %d bytes: %v", n, len(flight), err)
			}
			if name == "segments" && !bytes.Equal(sent.Bytes(), flight) ||
				name == "records" && whole(flight) && !bytes.Equal(bodies(sent.Bytes()), bodies(flight)) {
				t.Errorf("%x in %s became %x", flight, name, sent.Bytes())
			}
		}
	})
}

// whole reports whether a flight is made of whole records.
func whole(flight []byte) bool {
	for len(flight) > 0 {
		if len(flight) < recordHeader {
			return false
		}
		n := recordHeader + int(binary.BigEndian.Uint16(flight[3:]))
		if len(flight) < n {
			return false
		}
		flight = flight[n:]
	}
	return true
}

// bodies returns what the records of a flight hold together.
func bodies(flight []byte) (all []byte) {
	for r := bytes.NewReader(flight); ; {
		_, body, err := readRecord(r)
		if err != nil {
			return all
		}
		all = append(all, body...)
	}
}

// sink is a connection that keeps what is written to it.
type sink struct {
	net.Conn
	bytes.Buffer
}

func (s *sink) Read(p []byte) (int, error)  { return s.Buffer.Read(p) }
func (s *sink) Write(p []byte) (int, error) { return s.Buffer.Write(p) }
