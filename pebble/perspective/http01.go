package perspective

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"assay/pebble/limits"
)

const (
	challengePath = "/.well-known/acme-challenge/" // RFC 8555 §8.3
	// mostRedirects is how many redirects public CAs follow.
	mostRedirects = 10
	// userAgent is that of Pebble's own validation.
	userAgent = "LetsEncrypt-Pebble-VA"
)

// http01 asks for the answer to a challenge by HTTP (RFC 8555 §8.3). It follows redirects
// and does not look at the certificates of HTTPS servers.
func (l look) http01(ctx context.Context) *Problem {
	to := "http://" + l.c.Name + challengePath + l.c.Token
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return &Problem{"unauthorized", err.Error()}
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", "*/*")
	client := &http.Client{
		Transport: visits{l, l.transport()},
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			if len(before) > mostRedirects {
				return fmt.Errorf("the server redirects more than %d times", mostRedirects)
			}
			return CheckRedirect(next.URL, l.c.Name, l.v.ports())
		},
	}
	response, err := client.Do(request)
	if err != nil {
		var visit *url.Error // its text has the token
		if errors.As(err, &visit) {
			err = visit.Err
		}
		if errors.Is(err, io.EOF) {
			return &Problem{"connection", "the server ends the connection without an answer"}
		}
		return problem(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &Problem{"unauthorized",
			fmt.Sprintf("the answer has status %d, expected 200", response.StatusCode)}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limits.Answer+1))
	switch {
	case err != nil:
		return &Problem{"connection", "read the answer: " + err.Error()}
	case len(body) > limits.Answer:
		return &Problem{"unauthorized", fmt.Sprintf("the answer has more than %d bytes", limits.Answer)}
	case strings.TrimRight(string(body), " \n\r\t") != l.c.KeyAuthorization:
		return &Problem{"unauthorized",
			fmt.Sprintf("the answer of %d bytes is not the key authorization", len(body))}
	}
	return nil
}

// transport returns a transport for the requests of one look.
func (l look) transport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: limits.AnswerHead,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			host, text, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			port, err := strconv.Atoi(text)
			if err != nil {
				return nil, err
			}
			conn, err := l.connect(ctx, host, port)
			if err != nil {
				return nil, err
			}
			return limits.Reader(conn, limits.Answer+limits.Handshake), nil
		},
	}
}

// visits records each request with the status of its answer.
type visits struct {
	look look
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (v visits) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := v.next.RoundTrip(r)
	event := Event{Port: v.look.v.documented(portOf(r.URL)), Host: r.URL.Host}
	var u *unreachable
	switch {
	case errors.As(err, &u):
		return response, err // recorded already
	case err != nil:
		event.Error = err.Error()
	default:
		event.Status = response.StatusCode
	}
	v.look.record(event)
	return response, err
}

// portOf returns the port of a URL, or 0 if it has none.
func portOf(u *url.URL) int {
	port := map[string]int{"http": 80, "https": 443}[strings.ToLower(u.Scheme)]
	if u.Port() != "" {
		port, _ = strconv.Atoi(u.Port())
	}
	return port
}

// CheckRedirect returns an error for a redirect that a public CA does not follow: to a
// port that is not listed, or to an IP address that is not the one that is validated.
func CheckRedirect(to *url.URL, validated string, ports []int) error {
	if !slices.Contains(ports, portOf(to)) {
		return fmt.Errorf("the server redirects to %q: expected port 80 or 443",
			limits.Cut(to.String()))
	}
	_, err := netip.ParseAddr(to.Hostname())
	if err == nil && to.Hostname() != strings.Trim(validated, "[]") {
		return fmt.Errorf("the server redirects to %q: expected a name", limits.Cut(to.String()))
	}
	return nil
}
