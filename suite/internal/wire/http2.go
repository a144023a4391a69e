package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"assay/suite/internal/limits"
)

// http2Protocol is the ALPN name of HTTP/2 over TLS (RFC 9113 §3.1).
const http2Protocol = "h2"

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
