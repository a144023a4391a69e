// Package relay passes TCP connections on from one address to another. It
// copies bytes in both directions and passes on how each direction ends: a
// half-close arrives as a half-close, a reset as a reset.
package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
)

// A Relay accepts connections on a listener and serves each of them in a
// goroutine of its own.
type Relay struct {
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	serving  sync.WaitGroup
	err      error // why accepting ended, if not by Stop; valid after serving.Wait
}

// Serve calls handle for every connection that the listener accepts, until
// [Relay.Stop] or [Relay.Close]. It closes the connection when handle returns.
// [Relay.Close] closes it earlier and ends the context. The relay owns the
// listener and closes it.
func Serve(listener net.Listener, handle func(context.Context, net.Conn)) *Relay {
	r := &Relay{listener: listener}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.serving.Go(func() { r.accept(handle) })
	return r
}

// Forward joins every connection that the listener accepts with one that dial
// opens; see [Join]. If dial fails, it closes the accepted connection.
func Forward(listener net.Listener, dial func(context.Context) (net.Conn, error)) *Relay {
	return Serve(listener, func(ctx context.Context, client net.Conn) {
		server, err := dial(ctx)
		if err != nil {
			return
		}
		Join(ctx, client, server)
	})
}

func (r *Relay) accept(handle func(context.Context, net.Conn)) {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				r.err = fmt.Errorf("relay: accept on %s: %w", r.listener.Addr(), err)
			}
			return
		}
		r.serving.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(r.ctx, func() { conn.Close() })()
			handle(r.ctx, conn)
		})
	}
}

// Stop closes the listener. Accepted connections stay open.
func (r *Relay) Stop() error {
	err := r.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Close closes the listener and all connections, and waits until every handler
// has returned. It reports an error of the listener that ended accepting before
// Stop or Close was called.
func (r *Relay) Close() error {
	err := r.Stop()
	r.cancel()
	r.serving.Wait()
	return errors.Join(err, r.err)
}

// Join copies bytes between two connections, in both directions, until both
// directions have ended or the context ends. It closes both connections before
// it returns.
//
// When one side ends its direction, Join ends the same direction towards the
// other side and goes on with the opposite one. When a connection is reset,
// Join resets the other one.
func Join(ctx context.Context, a, b net.Conn) {
	defer a.Close()
	defer b.Close()
	defer context.AfterFunc(ctx, func() { a.Close(); b.Close() })()
	var both sync.WaitGroup
	both.Go(func() { copyDirection(a, b) })
	both.Go(func() { copyDirection(b, a) })
	both.Wait()
}

// copyDirection copies from one connection to the other until the first one
// ends its direction. An error on either ends both.
func copyDirection(to, from net.Conn) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	switch {
	case err == nil && ok:
		_ = half.CloseWrite() // fails only if the connection is gone
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		Reset(to)
		Reset(from)
	default:
		to.Close()
		from.Close()
	}
}

// Reset closes a connection such that the peer sees a reset instead of an
// ordinary end, if it is a TCP connection.
func Reset(conn net.Conn) {
	if c, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = c.SetLinger(0) // sends RST instead of FIN; fails only if the connection is gone
	}
	_ = conn.Close()
}
