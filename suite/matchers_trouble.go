package suite

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

	"assay/pebble"
	"assay/suite/internal/wire"
)

// Bounds that no trouble may break. They are those of Let's Encrypt (Rate
// Limits: 5 failed validations for an account and name each hour, 5
// certificates for one set of names each week): who stays within them can try
// again when the trouble is over.
const (
	ordersAtMost   = 5
	failuresAtMost = 5
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
	return match("a handshake refused or kept waiting", func(h *wire.Handshake) (bool, string) { return refused(h), describe(h) })
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

// HaveOrderedAtMost: clients of the CA placed no more orders than this.
func HaveOrderedAtMost(n int) types.GomegaMatcher { return HaveAskedAtMost(pebble.KindNewOrder, n) }

// HaveAskedAtMost: there were no more requests of this kind; for
// [pebble.KindTLS], no more connections that the CA turned away.
func HaveAskedAtMost(kind pebble.Kind, n int) types.GomegaMatcher {
	return match(fmt.Sprintf("at most %d times %s at the CA", n, kind), func(j *pebble.Journal) (bool, string) {
		asked := j.Filter(func(e pebble.Entry) bool { return e.Kind == kind })
		return len(asked) <= n, fmt.Sprintf("%d\n%s", len(asked), lines(asked[:min(len(asked), 12)], ""))
	})
}

// HaveIssuedAtMost: the CA issued no more certificates than this.
func HaveIssuedAtMost(n int) types.GomegaMatcher {
	return match(fmt.Sprintf("at most %d certificates issued by the CA", n), func(j *pebble.Journal) (bool, string) {
		return len(j.Issued()) <= n, fmt.Sprintf("%d\n%s", len(j.Issued()), lines(j.Issued(), ""))
	})
}

// HaveWaited: between the first two requests of this kind lies at least this
// time.
func HaveWaited(kind pebble.Kind, pause time.Duration) types.GomegaMatcher {
	return match(fmt.Sprintf("a second %s, %s after the first or later", kind, pause), func(j *pebble.Journal) (bool, string) {
		asked := j.Requests(kind)
		if len(asked) < 2 {
			return false, lines(asked, "none")
		}
		waited := asked[1].T - asked[0].T
		return waited >= pause, fmt.Sprintf("after %s\n%s", waited.Round(time.Millisecond), lines(asked, ""))
	})
}

// CompleteWithin: the handshake completed, and soon.
func CompleteWithin(limit time.Duration) types.GomegaMatcher {
	return match(fmt.Sprintf("a TLS handshake that completes within %s", limit), func(h *wire.Handshake) (bool, string) {
		return h.Err == nil && h.Took <= limit, fmt.Sprintf("%s, after %s", describe(h), h.Took.Round(time.Millisecond))
	})
}

// BeRefusedWithin: the handshake was refused, and soon.
func BeRefusedWithin(limit time.Duration) types.GomegaMatcher {
	return match(fmt.Sprintf("a handshake refused within %s", limit), func(h *wire.Handshake) (bool, string) {
		return refused(h) && h.Took <= limit, fmt.Sprintf("%s, after %s", describe(h), h.Took.Round(time.Millisecond))
	})
}
