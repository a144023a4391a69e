package match

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/wire"
)

// BeServedOrRefused succeeds if the handshake either shows a good chain to this
// root, or is refused in the sense of [BeRefused]. It fails for any other
// certificate, and for a server that no longer accepts connections.
func BeServedOrRefused(root *x509.Certificate) types.GomegaMatcher {
	expected := "a good certificate, or a handshake refused or kept waiting"
	return match(expected, func(h *wire.Handshake) (bool, string) {
		good, seen, _ := HaveFullChainTo(root).(*matcher).judge(h)
		return good || refused(h), seen
	})
}

// BeRefused succeeds if the server served no certificate that a client accepts:
// it sent an alert, closed or reset the connection, sent a certificate of its own, which
// nobody trusts, or let the client wait until it gave up. A server may wait
// because it asks its CA again meanwhile, as acme and certmagic do.
func BeRefused() types.GomegaMatcher {
	return match("a handshake refused or kept waiting", func(h *wire.Handshake) (bool, string) {
		return refused(h), Describe(h)
	})
}

func refused(h *wire.Handshake) bool {
	if h.Err == nil {
		leaf := h.Leaf()
		return leaf != nil && (h.Foreign || bytes.Equal(leaf.RawIssuer, leaf.RawSubject))
	}
	if _, alert := h.Alert(); alert {
		return true
	}
	for _, closed := range []error{
		context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(h.Err, closed) {
			return true
		}
	}
	return false
}

// CompleteWithin succeeds if the handshake completed in this time.
func CompleteWithin(limit time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("a TLS handshake that completes within %s", limit)
	return within(limit, expected, func(h *wire.Handshake) (bool, string) {
		return h.Err == nil && h.Took <= limit, describeTimed(h)
	})
}

// EndWithoutWait succeeds if the handshake was completed or refused in this time, in
// the sense of [BeRefused].
func EndWithoutWait(limit time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("a handshake completed or refused within %s", limit)
	return within(limit, expected, func(h *wire.Handshake) (bool, string) {
		return (h.Err == nil || refused(h)) && h.Took <= limit, describeTimed(h)
	})
}

func describeTimed(h *wire.Handshake) string {
	return fmt.Sprintf("%s, after %s", Describe(h), h.Took.Round(time.Millisecond))
}
