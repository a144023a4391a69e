package harness

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"assay/suite/internal/wire"
)

// InBackground begins something that ends while the spec goes on, such as a
// handshake that waits for a challenge. It must not judge.
func InBackground[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// Load is a steady stream of clients, each on a connection of its own.
type Load struct {
	stop    atomic.Bool
	clients sync.WaitGroup

	mu   sync.Mutex
	seen []*wire.Handshake
}

// Load lets so many clients at a time shake hands with the server, one after
// the other, until [Load.Stop].
func (e *Env) Load(server *Server, together int) *Load {
	l := &Load{}
	for range together {
		l.clients.Go(func() {
			for !l.stop.Load() && e.ctx.Err() == nil {
				h := e.Handshake(server)
				l.mu.Lock()
				l.seen = append(l.seen, h)
				l.mu.Unlock()
			}
		})
	}
	return l
}

// Stop ends the load and returns what its clients saw.
func (l *Load) Stop() []*wire.Handshake {
	l.stop.Store(true)
	l.clients.Wait()
	return l.seen
}

// With counts the handshakes in which this was so.
func (l *Load) With(so func(*wire.Handshake) bool) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.seen {
		if so(h) {
			n++
		}
	}
	return n
}

// KeepConnecting lets clients come, one each tenth of a second, until the time is
// over. None waits for those before it: a server may keep them all until its CA
// answers.
func (e *Env) KeepConnecting(server *Server, during time.Duration) {
	ctx, cancel := context.WithTimeout(e.ctx, during)
	defer cancel()
	next := time.NewTicker(100 * time.Millisecond)
	defer next.Stop()
	var clients sync.WaitGroup
	defer clients.Wait()
	for ctx.Err() == nil {
		clients.Go(func() { e.Client(server).Handshake(ctx) })
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
}

// HandshakeCrowd lets so many clients shake hands, forty at a time, and returns what
// each of them saw. Once one of them is not served, no more come: a server that
// lets each wait would keep them all for hours.
func (e *Env) HandshakeCrowd(server *Server, clients int) []*wire.Handshake {
	var unserved atomic.Bool
	seen := e.InParallel(clients, func() *wire.Handshake {
		if unserved.Load() {
			return nil
		}
		h := e.Handshake(server)
		if h.Err != nil {
			unserved.Store(true)
		}
		return h
	})
	return slices.DeleteFunc(seen, func(h *wire.Handshake) bool { return h == nil })
}

func (e *Env) InParallel(clients int, handshake func() *wire.Handshake) []*wire.Handshake {
	seen := make([]*wire.Handshake, clients)
	turn := make(chan int)
	done := make(chan struct{})
	const together = 40
	for range together {
		go func() {
			for i := range turn {
				seen[i] = handshake()
			}
			done <- struct{}{}
		}()
	}
	for i := range clients {
		turn <- i
	}
	close(turn)
	for range together {
		<-done
	}
	return seen
}

// impatience is how long a client waits that is likely to wait in vain.
const impatience = 3 * time.Second

// ImpatientHandshakes lets so many clients come to a server that has no certificate for them,
// and returns what each of them saw. They come one after the other; once one of
// them was kept waiting, the others come at once.
func (e *Env) ImpatientHandshakes(server *Server, clients int) []*wire.Handshake {
	var seen []*wire.Handshake
	for range clients {
		h := e.ImpatientHandshake(server)
		seen = append(seen, h)
		if errors.Is(h.Err, context.DeadlineExceeded) {
			break
		}
	}
	return append(seen, e.InParallel(clients-len(seen), func() *wire.Handshake { return e.ImpatientHandshake(server) })...)
}

// ImpatientHandshake is a handshake of an impatient client. How it was refused is not
// recorded: whether an alert came before the client went is a matter of time.
func (e *Env) ImpatientHandshake(server *Server, options ...ClientOption) *wire.Handshake {
	ctx, cancel := e.within(impatience)
	defer cancel()
	return e.Client(server, options...).Handshake(ctx)
}

// HandshakeWithRetries lets clients come until one is served, three at most, and returns
// what the last of them saw: a server may have to wait before it tries again,
// until a lock that it left behind has grown old, say.
func (e *Env) HandshakeWithRetries(server *Server) (seen *wire.Handshake) {
	for range 3 {
		if seen = e.Handshake(server); seen.Err == nil {
			break
		}
	}
	return seen
}
