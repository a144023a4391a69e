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

// A Hold stops the CA's validations before they send anything to the target, so that
// a spec can look at a challenge while it is pending. Call Release by defer: a
// validation that is held keeps the CA from closing.
type Hold struct {
	s       *Env
	arrived chan []byte // what the first validation held was about to send

	mu   sync.Mutex
	free chan struct{} // closed while validations pass
}

// HoldValidation holds every validation at this documented port of the target's host,
// 80 or 443, after it has connected and before it sends anything. Call it before the
// first use of the CA.
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
}

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
	ctx, cancel := h.s.within(Patience)
	defer cancel()
	select {
	case first := <-h.arrived:
		return first, nil
	case ended := <-handshake:
		return nil, ended
	case <-ctx.Done():
		h.s.Fail("expected  a validation by the CA that connects to the target's port\n" +
			"seen      none within " + Patience.String() + "\n          " +
			match.Indent(match.Lines(h.s.Journal().Entries(), "no request to the CA at all")))
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
	select {
	case <-free:
	case <-h.s.ctx.Done():
	}
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
