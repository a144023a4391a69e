package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A Field is a header field of HTTP/2, as it is sent: pseudo-header fields begin
// with a colon.
type Field struct{ Name, Value string }

// SendFields sends one request with these header fields by HTTP/2 over TLS, as
// they are: with characters that RFC 9113 §8.2.1 forbids too. It returns when the
// server has answered, has refused the request or has ended the connection. The
// error is that of a server that does not speak HTTP/2.
func SendFields(
	ctx context.Context, dial DialFunc, address, serverName string, fields []Field,
) error {
	raw, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	conn := tls.Client(raw, &tls.Config{
		ServerName: serverName, InsecureSkipVerify: true, NextProtos: []string{http2Protocol},
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	if protocol := conn.ConnectionState().NegotiatedProtocol; protocol != http2Protocol {
		return fmt.Errorf("negotiated %q, expected %q", protocol, http2Protocol)
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range fields {
		if err := encoder.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value}); err != nil {
			return err
		}
	}
	framer := http2.NewFramer(conn, conn)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return nil
	}
	go func() { // a server may refuse before it has read everything
		_ = framer.WriteSettings()
		first, rest := cut(block.Bytes())
		_ = framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: 1, BlockFragment: first, EndStream: true, EndHeaders: len(rest) == 0,
		})
		for len(rest) > 0 {
			first, rest = cut(rest)
			if framer.WriteContinuation(1, len(rest) == 0, first) != nil {
				return
			}
		}
	}()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return nil
		}
		switch frame.(type) {
		case *http2.GoAwayFrame, *http2.RSTStreamFrame, *http2.HeadersFrame:
			return nil
		}
	}
}

// cut cuts a header block at the size of a frame that every server takes (RFC 9113
// §4.2).
func cut(block []byte) (first, rest []byte) {
	const frame = 16 << 10
	n := min(len(block), frame)
	return block[:n], block[n:]
}

// SendBytes sends bytes over a new connection and reads until the server ends it,
// or has sent its first bytes.
func SendBytes(ctx context.Context, dial DialFunc, address string, text []byte) error {
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	go func() { // a server may refuse before it has read everything
		_, _ = conn.Write(text)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite() // a server that waits for more learns that nothing comes
		}
	}()
	_, err = conn.Read(make([]byte, 1))
	if errors.Is(err, net.ErrClosed) {
		return context.Cause(ctx)
	}
	return nil
}

// Ping exchanges one frame with a server that speaks HTTP/2, over a connection
// that was kept open, and closes the connection in an orderly way. Over another
// protocol it closes the connection.
func (h *Handshake) Ping(ctx context.Context) error {
	if h.Conn == nil {
		return errors.New("the connection was not kept open")
	}
	defer h.Conn.Close()
	if h.State.NegotiatedProtocol != http2Protocol {
		return nil
	}
	//lint:ignore SA1019 net/http has no way to send a single frame
	conn, err := new(http2.Transport).NewClientConn(h.Conn) //nolint:staticcheck // as above
	if err != nil {
		return fmt.Errorf("beginning HTTP/2: %w", err)
	}
	defer conn.Close()
	return conn.Ping(ctx)
}
