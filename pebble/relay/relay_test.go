package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// deadline bounds every read of the tests.
const deadline = 10 * time.Second

// through returns the two ends of a connection that a relay forwards.
func through(t *testing.T) (r *Relay, client, server *net.TCPConn) {
	t.Helper()
	target, entrance := listen(t), listen(t)
	r = Forward(entrance, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", target.Addr().String())
	})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	client = dial(t, entrance.Addr())
	accepted, err := target.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server = accepted.(*net.TCPConn)
	server.SetDeadline(time.Now().Add(deadline))
	t.Cleanup(func() { server.Close() })
	// A byte that arrives proves that the relay has joined both.
	io.WriteString(client, "x")
	if _, err := io.ReadFull(server, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return r, client, server
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t *testing.T, address net.Addr) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address.String(), deadline)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(deadline))
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// read reads until the peer ends its direction.
func read(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != want {
		t.Errorf("read %q, error %v; expected %q and an ordinary end", got, err, want)
	}
}

func TestHalfCloseIsPassedOn(t *testing.T) {
	t.Parallel()
	_, client, server := through(t)
	long := strings.Repeat("question ", 100_000)
	go func() {
		io.WriteString(client, long)
		client.CloseWrite()
	}()
	read(t, server, long)
	// The other direction still works.
	io.WriteString(server, "answer")
	server.Close()
	read(t, client, "answer")
}

func TestServerMayEndFirst(t *testing.T) {
	t.Parallel()
	_, client, server := through(t)
	io.WriteString(server, "greeting")
	server.CloseWrite()
	read(t, client, "greeting")
	io.WriteString(client, "last words")
	client.Close()
	read(t, server, "last words")
}

func TestResetIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"client", "server"} {
		_, client, server := through(t)
		near, far := client, server
		if from == "server" {
			near, far = server, client
		}
		Reset(near)
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the %s resets, and the other side reads %v, expected a reset", from, err)
		}
	}
}

func TestWriteToGoneServerResetsClient(t *testing.T) {
	t.Parallel()
	_, client, server := through(t)
	server.Close()
	read(t, client, "")
	for { // the first bytes cause the server's reset, later ones meet it
		_, err := client.Write(make([]byte, 1<<10))
		if err == nil {
			continue
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write ends with %v, expected a reset", err)
		}
		return
	}
}

func TestFailedDialClosesTheConnection(t *testing.T) {
	t.Parallel()
	entrance := listen(t)
	r := Forward(entrance,
		func(context.Context) (net.Conn, error) { return nil, errors.New("nobody there") })
	defer r.Close()
	read(t, dial(t, entrance.Addr()), "")
}

func TestStopKeepsConnections(t *testing.T) {
	t.Parallel()
	r, client, server := through(t)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", r.listener.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a stopped relay: dial ends with %v, expected a refusal", err)
	}
	io.WriteString(client, "still there")
	client.Close()
	read(t, server, "still there")
}

func TestCloseEndsConnections(t *testing.T) {
	t.Parallel()
	r, client, server := through(t)
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]net.Conn{"client": client, "server": server} {
		var timeout net.Error
		if _, err := conn.Read(make([]byte, 1)); err == nil ||
			errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s after Close: read ends with %v, expected an end of the connection", name, err)
		}
	}
}

func TestCloseEndsHandlers(t *testing.T) {
	t.Parallel()
	entrance, started := listen(t), make(chan struct{})
	r := Serve(entrance, func(ctx context.Context, _ net.Conn) {
		close(started)
		<-ctx.Done()
	})
	dial(t, entrance.Addr())
	<-started
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// broken is a listener on which accepting fails.
type broken struct{ net.Listener }

func (broken) Accept() (net.Conn, error) { return nil, syscall.EMFILE }

func TestCloseReportsFailedAccept(t *testing.T) {
	t.Parallel()
	r := Serve(broken{listen(t)}, func(context.Context, net.Conn) {})
	r.serving.Wait()
	if err := r.Close(); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Close: %v, expected the error of Accept", err)
	}
}
