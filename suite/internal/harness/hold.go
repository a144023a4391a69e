package harness

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/onsi/ginkgo/v2"

	"assay/pebble"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// A Hold keeps the CA's validation waiting at the target's door, so that a
// spec can look at a challenge while it is pending. Call Release by defer:
// whatever is held keeps the CA from closing.
type Hold struct {
	s       *Env
	arrived chan []byte // what the first validation held was about to send

	mu   sync.Mutex
	free chan struct{} // closed while validations pass
}

// HoldValidation holds every validation that comes to this documented port of
// the target's host, 80 or 443, once it is connected and before it sends
// anything. Call it before the first use of the CA.
func (e *Env) HoldValidation(port int) *Hold {
	h := &Hold{s: e, arrived: make(chan []byte, 1), free: make(chan struct{})}
	e.UseCA(func(o *pebble.Options) {
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

// Release lets validations pass, those held and those to come.
func (h *Hold) Release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.free:
	default:
		close(h.free)
	}
}

// Resume holds validations again that come after a Release.
func (h *Hold) Resume() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free = make(chan struct{})
}

// Await waits until a validation is held, and returns what it was about to
// send: an HTTP request, or a TLS hello.
func (h *Hold) Await() []byte {
	ginkgo.GinkgoHelper()
	first, _ := h.await(nil)
	return first
}

// AwaitUnless is [Hold.Await] for a validation that a handshake may lead to;
// it returns the handshake if that has ended without.
func (h *Hold) AwaitUnless(handshake <-chan *wire.Handshake) *wire.Handshake {
	ginkgo.GinkgoHelper()
	_, ended := h.await(handshake)
	return ended
}

func (h *Hold) await(handshake <-chan *wire.Handshake) ([]byte, *wire.Handshake) {
	ginkgo.GinkgoHelper()
	ctx, cancel := h.s.within(Patience)
	defer cancel()
	select {
	case first := <-h.arrived:
		return first, nil
	case ended := <-handshake:
		return nil, ended
	case <-ctx.Done():
		h.s.Fail("expected  a validation by the CA that comes as far as the target's port\nseen      none within " + Patience.String() + "\n          " +
			match.Indent(match.Lines(h.s.Journal().Entries(), "no request to the CA at all")))
		return nil, nil
	}
}

// AwaitPath is [Hold.Await] for HTTP-01: the path that the CA asks for (RFC
// 8555 §8.3).
func (h *Hold) AwaitPath() string {
	ginkgo.GinkgoHelper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.Await())))
	h.s.Must(err)
	h.s.known = append(h.s.known, path.Base(request.URL.Path))
	return request.URL.Path
}

// pass keeps a validation waiting.
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
	select {
	case <-free:
	case <-h.s.ctx.Done():
	}
}

// held is a validation's connection to the target.
type held struct {
	net.Conn
	hold *Hold
	once sync.Once
}

func (c *held) Write(p []byte) (int, error) {
	c.once.Do(func() { c.hold.pass(p) })
	return c.Conn.Write(p)
}

// CloseWrite says that nothing more will be sent, as the gateway does when
// the validation has ended.
func (c *held) CloseWrite() error {
	if conn, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return conn.CloseWrite()
	}
	return c.Conn.Close()
}
