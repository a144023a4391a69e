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

// BeServedOrRefused: the handshake either shows a good chain to this root, or
// is refused, in the sense of [BeRefused]. A bad certificate of the CA's is
// neither, nor is a server that is gone.
func BeServedOrRefused(root *x509.Certificate) types.GomegaMatcher {
	return match("a good certificate, or a handshake refused or kept waiting", func(h *wire.Handshake) (bool, string) {
		good, seen, _ := HaveFullChainTo(root).(*matcher).judge(h)
		return good || refused(h), seen
	})
}

// BeRefused: the server refused the handshake: by an alert, by closing the
// connection, or with a certificate that signed itself, which no client
// accepts. One that lets the client wait until it gives up may be trying its CA
// again meanwhile, as acme and certmagic do; it has shown no certificate either.
func BeRefused() types.GomegaMatcher {
	return match("a handshake refused or kept waiting", func(h *wire.Handshake) (bool, string) { return refused(h), Describe(h) })
}

func refused(h *wire.Handshake) bool {
	if h.Err == nil {
		leaf := h.Leaf()
		return leaf != nil && bytes.Equal(leaf.RawIssuer, leaf.RawSubject)
	}
	if _, alert := h.Alert(); alert {
		return true
	}
	for _, closed := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(h.Err, closed) {
			return true
		}
	}
	return false
}

// CompleteWithin: the handshake completed, and soon.
func CompleteWithin(limit time.Duration) types.GomegaMatcher {
	return within(limit, fmt.Sprintf("a TLS handshake that completes within %s", limit), func(h *wire.Handshake) (bool, string) {
		return h.Err == nil && h.Took <= limit, fmt.Sprintf("%s, after %s", Describe(h), h.Took.Round(time.Millisecond))
	})
}

// BeRefusedWithin: the handshake was refused, and soon.
func BeRefusedWithin(limit time.Duration) types.GomegaMatcher {
	return within(limit, fmt.Sprintf("a handshake refused within %s", limit), func(h *wire.Handshake) (bool, string) {
		return refused(h) && h.Took <= limit, fmt.Sprintf("%s, after %s", Describe(h), h.Took.Round(time.Millisecond))
	})
}
