package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"assay/suite/internal/limits"
)

// Request is one HTTP/1.1 request, which is sent to Address on a connection of its
// own. Redirects are not followed.
type Request struct {
	Dial    DialFunc
	Address string      // literal "ip:port"
	Method  string      // default GET
	Target  string      // request target, such as "/health"; sent as it is
	Host    string      // Host header
	Header  http.Header // further header fields
	Body    string      // sent with a Content-Length; if empty, neither is sent
	TLS     *tls.Config // nil means plain HTTP
}

// Response is the response to a Request. Err is set if the response is not
// complete.
type Response struct {
	Request Request
	Err     error
	Status  int
	Header  http.Header
	Body    string     // at most [limits.HTTPBody] bytes, as they were sent
	Secure  *Handshake // of the request's connection; nil without TLS
	Began   time.Time
	Took    time.Duration
}

// Lost reports whether the server ended the connection instead of answering.
func (resp *Response) Lost() bool { return resp.Status == 0 && lost(resp.Err) }

// Send sends the request and reads the whole response.
func (r Request) Send(ctx context.Context) *Response {
	ctx, cancel := bounded(ctx)
	defer cancel()
	resp := &Response{Request: r, Began: time.Now()}
	defer func() { resp.Took = time.Since(resp.Began) }()
	if err := r.send(ctx, resp); err != nil {
		resp.Err = withCause(ctx, err)
	}
	return resp
}

func (r Request) send(ctx context.Context, resp *Response) error {
	conn, err := r.Dial(ctx, "tcp", r.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if r.TLS != nil {
		secure := tls.Client(conn, r.TLS)
		resp.Secure = r.shakeHands(ctx, secure)
		if resp.Secure.Err != nil {
			return resp.Secure.Err
		}
		conn = secure
	}
	if _, err := conn.Write(r.bytes()); err != nil {
		return err
	}
	return resp.read(conn)
}

// shakeHands makes the handshake of the request's connection.
func (r Request) shakeHands(ctx context.Context, conn *tls.Conn) *Handshake {
	h := &Handshake{
		Client: Client{Address: r.Address, ServerName: r.TLS.ServerName, Protocols: r.TLS.NextProtos},
		Began:  time.Now(),
		Local:  conn.LocalAddr().String(),
	}
	h.Err = conn.HandshakeContext(ctx)
	h.State = conn.ConnectionState()
	h.Chain = h.State.PeerCertificates
	h.Took = time.Since(h.Began)
	return h
}

// read reads the response from a connection.
func (resp *Response) read(conn io.Reader) error {
	request := &http.Request{Method: resp.Request.method()}
	bounded := &io.LimitedReader{R: conn, N: limits.HTTPHead}
	answer, err := finalResponse(bufio.NewReader(bounded), request)
	if err != nil && bounded.N <= 0 {
		return fmt.Errorf("reading the response: %w", ErrHead)
	}
	if err != nil {
		return fmt.Errorf("reading the response: %w", err)
	}
	bounded.N += overhead * limits.HTTPBody
	return resp.take(answer)
}

// mostInformational is how many responses may come before the final one.
const mostInformational = 8

// finalResponse reads past responses that only inform, such as 103 (Early Hints), which
// every client has to take (RFC 9110 §15.2). A protocol that is switched to has no other.
func finalResponse(in *bufio.Reader, to *http.Request) (*http.Response, error) {
	for range mostInformational {
		answer, err := http.ReadResponse(in, to)
		if err != nil || answer.StatusCode/100 != 1 ||
			answer.StatusCode == http.StatusSwitchingProtocols {
			return answer, err
		}
		answer.Body.Close()
	}
	return nil, fmt.Errorf("%d responses with a status of 1xx, and no final one", mostInformational)
}

// ErrHead is the error of an answer whose status line and header have more bytes than
// are read.
var ErrHead = fmt.Errorf("the status line and the header have more than %d KiB",
	limits.HTTPHead>>10)

// overhead is how many times as long as its body an answer in chunks may be: a chunk
// of one byte takes six.
const overhead = 6

// take reads the rest of an answer.
func (resp *Response) take(answer *http.Response) error {
	defer answer.Body.Close()
	resp.Status, resp.Header = answer.StatusCode, answer.Header
	body, err := io.ReadAll(io.LimitReader(answer.Body, limits.HTTPBody))
	resp.Body = string(body)
	return err
}

// Exchange sends a request over a connection that was kept open, by the protocol
// that was negotiated: HTTP/2, or else HTTP/1.1. The exchange ends the
// connection, and so does the end of the context.
func (h *Handshake) Exchange(ctx context.Context, target string) *Response {
	resp := &Response{Request: Request{Target: target, Host: h.Client.ServerName}, Began: time.Now()}
	defer func() { resp.Took = time.Since(resp.Began) }()
	if h.Conn == nil {
		resp.Err = errors.New("the connection was not kept open")
		return resp
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { h.Conn.Close() })
	defer stop()
	if h.State.NegotiatedProtocol == http2Protocol {
		resp.Err = withCause(ctx, h.exchangeHTTP2(ctx, resp))
		h.Conn.Close()
		return resp
	}
	_, err := h.Conn.Write(resp.Request.bytes())
	if err == nil {
		err = resp.read(h.Conn)
	}
	resp.Err = withCause(ctx, err)
	return resp
}

// ExchangeTwice sends two requests, one after the other, over a connection that was kept open,
// and ends it. The second response is nil if the server has said that it takes no further
// request there: by Connection: close (RFC 9112 §9.6), or by GOAWAY (RFC 9113 §6.8).
func (h *Handshake) ExchangeTwice(ctx context.Context, target string) (first, second *Response) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { h.Conn.Close() })
	defer stop()
	defer h.Conn.Close()
	ask := h.askHTTP1()
	if h.State.NegotiatedProtocol == http2Protocol {
		ask = h.askHTTP2(ctx)
	}
	var all [2]*Response
	for i, connection := range []string{"keep-alive", "close"} {
		resp := &Response{Began: time.Now(), Request: Request{
			Target: target, Host: h.Client.ServerName, Header: http.Header{"Connection": {connection}},
		}}
		last, err := ask(resp)
		resp.Err, resp.Took = withCause(ctx, err), time.Since(resp.Began)
		if i > 0 && last && err != nil {
			break // the server said so after its first response
		}
		all[i] = resp
		if last || err != nil {
			break
		}
	}
	return all[0], all[1]
}

// askHTTP1 returns a function that sends a request and reads the response. It reports whether
// the server takes no further one.
func (h *Handshake) askHTTP1() func(*Response) (last bool, err error) {
	bounded := &io.LimitedReader{R: h.Conn, N: 2 * (limits.HTTPHead + overhead*limits.HTTPBody)}
	in := bufio.NewReader(bounded)
	return func(resp *Response) (bool, error) {
		if _, err := h.Conn.Write(resp.Request.bytes()); err != nil {
			return false, err
		}
		answer, err := finalResponse(in, &http.Request{Method: resp.Request.method()})
		if err != nil {
			return false, fmt.Errorf("reading the response: %w", err)
		}
		return answer.Close, resp.take(answer)
	}
}

func (r Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// bytes encodes the request. net/http is not used because it would clean the path.
func (r Request) bytes() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.method(), r.Target, r.Host)
	// What every client sends, because some servers refuse a request without it.
	for _, usual := range [][2]string{
		{"Connection", "close"}, {"User-Agent", "assay"}, {"Accept", "*/*"},
	} {
		if r.Header.Get(usual[0]) == "" {
			fmt.Fprintf(&b, "%s: %s\r\n", usual[0], usual[1])
		}
	}
	for name, values := range r.Header {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	if r.Body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	b.WriteString("\r\n" + r.Body)
	return []byte(b.String())
}
