package wire

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/net/http2"
)

// http2Protocol is the ALPN name of HTTP/2 over TLS (RFC 9113 §3.1).
const http2Protocol = "h2"

// exchange2 sends a GET request by HTTP/2 over the open connection, and reads
// the whole response (RFC 9113 §8).
func (h *Handshake) exchange2(ctx context.Context, resp *Response) error {
	conn, err := new(http2.Transport).NewClientConn(h.Conn)
	if err != nil {
		return fmt.Errorf("beginning HTTP/2: %w", err)
	}
	url := "https://" + resp.Request.Host + resp.Request.Target
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := conn.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("a request by HTTP/2: %w", err)
	}
	defer answer.Body.Close()
	resp.Status, resp.Header = answer.StatusCode, answer.Header
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	resp.Body = string(body)
	return err
}
