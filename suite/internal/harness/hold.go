package harness

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/pebble"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// A Hold stops the CA's validations before they send anything to the target, so that
// a spec can look at a challenge while it is pending. Call Release by defer: a
// validation that is held keeps the CA from closing.
type Hold struct {
	s       *Env
	arrived chan []byte  // what the first validation held was about to send
	waiting atomic.Int32 // validations that are held now

	mu   sync.Mutex
	free chan struct{} // closed while validations pass
}

// HoldValidation holds every validation at this documented port of the target's host,
// 80 or 443, after it has connected and before it sends anything. The CA validates for each
// order, whatever CA it stands in for. Call HoldValidation before the first use of the CA.
func (e *Env) HoldValidation(port int) *Hold {
	h := &Hold{s: e, arrived: make(chan []byte, 1), free: make(chan struct{})}
	e.holds = append(e.holds, h)
	e.UseCA(func(o *pebble.Options) {
		o.Reuse = pebble.NoReuse
		dial := o.Dial
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil || !strings.HasSuffix(address, ":"+strconv.Itoa(e.World.Port(port))) {
				return conn, err
			}
			return &held{Conn: conn, hold: h}, nil
		}
	})
	return h
}

// HoldOwnChallenge holds the validations of the challenge that [Env.StartACME]
// configures.
func (e *Env) HoldOwnChallenge() *Hold {
	if e.OwnChallenge() == "http-01" {
		return e.HoldValidation(80)
	}
	return e.HoldValidation(443)
}

// Release ends the hold for the validations that are held and for later ones.
func (h *Hold) Release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.free:
	default:
		close(h.free)
	}
}

// Resume holds later validations again, after a Release.
func (h *Hold) Resume() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free = make(chan struct{})
	select {
	case <-h.arrived: // what an earlier validation was about to send
	default:
	}
}

// AwaitFor waits until a validation is held, at most so long, and returns the HTTP request
// or the ClientHello that it was about to send; nil if none is held.
func (h *Hold) AwaitFor(limit time.Duration) []byte {
	ctx, cancel := context.WithTimeout(h.s.ctx, limit)
	defer cancel()
	select {
	case first := <-h.arrived:
		return first
	case <-ctx.Done():
		return nil
	}
}

// Holding reports whether a validation is held.
func (h *Hold) Holding() bool { return h.waiting.Load() > 0 }

// Await waits until a validation is held, and returns the HTTP request or the
// ClientHello that it was about to send.
func (h *Hold) Await() []byte {
	ginkgo.GinkgoHelper()
	first, _ := h.await(nil)
	return first
}

// AwaitUnless waits until a validation is held or the handshake has ended. It
// returns the handshake if that has ended, and nil if a validation is held.
func (h *Hold) AwaitUnless(handshake <-chan *wire.Handshake) *wire.Handshake {
	ginkgo.GinkgoHelper()
	_, ended := h.await(handshake)
	return ended
}

func (h *Hold) await(handshake <-chan *wire.Handshake) ([]byte, *wire.Handshake) {
	ginkgo.GinkgoHelper()
	ctx, cancel := h.s.withinForCA(Patience)
	defer cancel()
	select {
	case first := <-h.arrived:
		return first, nil
	case ended := <-handshake:
		return nil, ended
	case <-ctx.Done():
		seen := noRequest
		if h.s.requested() {
			seen = "none within " + Patience.String() + "; the CA's journal ends with\n" +
				match.LastLines(h.s.Journal().Entries(), "no request at all")
		}
		h.s.Fail("expected  a validation by the CA that connects to the target's port\n" +
			"seen      " + match.Indent(seen))
		return nil, nil
	}
}

// AwaitPath waits until an HTTP-01 validation is held, and returns the path that the
// CA asks for (RFC 8555 §8.3).
func (h *Hold) AwaitPath() string {
	ginkgo.GinkgoHelper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.Await())))
	h.s.Must(err)
	h.s.known = append(h.s.known, path.Base(request.URL.Path))
	return request.URL.Path
}

// pass returns when the validation that is about to send first may go on.
func (h *Hold) pass(first []byte) {
	h.mu.Lock()
	free := h.free
	h.mu.Unlock()
	select {
	case <-free:
		return
	default:
	}
	select {
	case h.arrived <- bytes.Clone(first):
	default: // not the first
	}
	h.waiting.Add(1)
	defer h.waiting.Add(-1)
	select {
	case <-free:
	case <-h.s.ctx.Done():
	}
}

// holding reports whether the spec holds a validation now, so that no certificate is
// issued before the spec goes on.
func (e *Env) holding() bool {
	return slices.ContainsFunc(e.holds, func(h *Hold) bool { return h.Holding() })
}

// held is the connection of a validation to the target.
type held struct {
	net.Conn
	hold *Hold
	once sync.Once
}

func (c *held) Write(p []byte) (int, error) {
	c.once.Do(func() { c.hold.pass(p) })
	return c.Conn.Write(p)
}

// CloseWrite closes the writing side of the connection. The gateway calls it when
// the validation has ended.
func (c *held) CloseWrite() error {
	if conn, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return conn.CloseWrite()
	}
	return c.Conn.Close()
}
