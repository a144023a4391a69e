package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"golang.org/x/net/http2"

	"assay/suite/internal/limits"
)

// http2Protocol is the ALPN name of HTTP/2 over TLS (RFC 9113 §3.1).
const http2Protocol = "h2"

// askHTTP2 does what askHTTP1 does, by HTTP/2.
func (h *Handshake) askHTTP2(ctx context.Context) func(*Response) (last bool, err error) {
	watched := &goAwayWatch{Conn: h.Conn}
	//lint:ignore SA1019 net/http speaks no HTTP/2 over a connection whose frames are watched
	transport := &http2.Transport{MaxHeaderListSize: limits.HTTPHead} //nolint:staticcheck // as above
	//lint:ignore SA1019 as above
	client, broken := transport.NewClientConn(watched) //nolint:staticcheck // as above
	return func(resp *Response) (bool, error) {
		if broken != nil {
			return false, broken
		}
		url := "https://" + resp.Request.Host + resp.Request.Target
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		// A little that is packed can become very much.
		request.Header.Set("Accept-Encoding", "identity")
		answer, err := client.RoundTrip(request)
		if err != nil {
			return watched.seen.Load(), fmt.Errorf("a request by HTTP/2: %w", err)
		}
		err = resp.take(answer)
		return watched.seen.Load(), err
	}
}

// A goAwayWatch is a connection that looks for the frame GOAWAY in what the server sends.
type goAwayWatch struct {
	net.Conn
	seen   atomic.Bool
	header []byte // of the frame that is being read (RFC 9113 §4.1)
	rest   int    // bytes of its payload that are still to come
}

// Read implements [net.Conn].
func (w *goAwayWatch) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	const headerSize, goAway = 9, 7
	for text := p[:n]; len(text) > 0; {
		if w.rest > 0 {
			skipped := min(w.rest, len(text))
			w.rest, text = w.rest-skipped, text[skipped:]
			continue
		}
		missing := min(headerSize-len(w.header), len(text))
		w.header, text = append(w.header, text[:missing]...), text[missing:]
		if len(w.header) == headerSize {
			if w.header[3] == goAway {
				w.seen.Store(true)
			}
			w.rest = int(w.header[0])<<16 | int(w.header[1])<<8 | int(w.header[2])
			w.header = w.header[:0]
		}
	}
	return n, err
}

// exchangeHTTP2 sends a GET request by HTTP/2 over the open connection, and reads
// the whole response (RFC 9113 §8).
func (h *Handshake) exchangeHTTP2(ctx context.Context, resp *Response) error {
	transport := &http.Transport{
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return h.Conn, nil },
		Protocols:      new(http.Protocols),

		MaxResponseHeaderBytes: limits.HTTPHead,
		DisableCompression:     true, // a little that is packed can become very much
	}
	transport.Protocols.SetHTTP2(true)
	defer transport.CloseIdleConnections()
	url := "https://" + resp.Request.Host + resp.Request.Target
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("a request by HTTP/2: %w", err)
	}
	return resp.take(answer)
}
