package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"
)

// answer listens and sends the word to every client.
func answer(t *testing.T, w World, address netip.AddrPort, word string) net.Listener {
	t.Helper()
	listener, err := w.Listen("tcp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, word)
			conn.Close()
		}
	}()
	return listener
}

func ask(w World, address netip.AddrPort) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := w.Dial(ctx, "tcp", address.String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	word, err := io.ReadAll(conn)
	return string(word), err
}

// hosts returns the host's addresses with a documented port.
func hosts(w World, port int) []netip.AddrPort {
	v4, v6 := w.Host()
	all := []netip.AddrPort{netip.AddrPortFrom(v4, uint16(w.Port(port)))}
	if v6.IsValid() {
		all = append(all, netip.AddrPortFrom(v6, uint16(w.Port(port))))
	}
	return all
}

func TestDocumentedPortsOnEveryAddress(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		for _, port := range []int{80, 443} {
			for _, address := range hosts(w, port) {
				answer(t, w, address, address.String())
				if got, err := ask(w, address); got != address.String() {
					t.Errorf("%v answers %q, error %v", address, got, err)
				}
				listening, err := w.Listeners()
				if err != nil || !slices.Contains(listening, address) {
					t.Errorf("socket table has %v, error %v: expected %v", listening, err, address)
				}
			}
		}
		if w.Kind() == Namespace {
			want := []netip.AddrPort{
				netip.MustParseAddrPort("127.0.0.10:443"),
				netip.MustParseAddrPort("[fd00:a55a:0:1::10]:443"),
			}
			if got := hosts(w, 443); !slices.Equal(got, want) {
				t.Errorf("hosts are %v, expected %v", got, want)
			}
		}
	})
}

func TestForward(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		for _, port := range []int{8443, 9443} {
			for _, address := range hosts(w, port) {
				answer(t, w, address, fmt.Sprint(port))
			}
		}
		steps := []struct {
			name string
			do   func() error
			want string // empty: refused
		}{
			{"none", func() error { return nil }, ""},
			{"to 8443", func() error { return w.Forward(443, 8443) }, "8443"},
			{"another one", func() error { return w.Forward(80, 9443) }, "8443"},
			{"replaced", func() error { return w.Forward(443, 9443) }, "9443"},
			{"removed", func() error { return w.Unforward(443) }, ""},
			{"removed twice", func() error { return w.Unforward(443) }, ""},
			{"added again", func() error { return w.Forward(443, 8443) }, "8443"},
		}
		for _, step := range steps {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			for _, address := range hosts(w, 443) {
				got, err := ask(w, address)
				if got != step.want || step.want == "" && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("%s: %v answers %q, error %v: expected %q", step.name, address, got, err, step.want)
				}
			}
		}
	})
}

func TestForwardKeepsConnections(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		listener, err := w.Listen("tcp", hosts(w, 8443)[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if err := w.Forward(443, 8443); err != nil {
			t.Fatal(err)
		}
		near, err := w.Dial(t.Context(), "tcp", hosts(w, 443)[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		far, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		if err := w.Unforward(443); err != nil {
			t.Fatal(err)
		}
		far.SetReadDeadline(time.Now().Add(2 * time.Second))
		io.WriteString(near, "still there")
		got := make([]byte, 11)
		if _, err := io.ReadFull(far, got); err != nil || string(got) != "still there" {
			t.Errorf("got %q, error %v", got, err)
		}
	})
}

func TestCAOnPort443(t *testing.T) {
	t.Parallel()
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		w := open(t, r, 1)
		answer(t, w, w.Services().ACME, "CA")
		// A target that listens on all addresses does not get the CA's connections.
		answer(t, w, netip.MustParseAddrPort("[::]:443"), "target")
		if got, err := ask(w, netip.AddrPortFrom(w.Services().ACME.Addr(), 443)); got != "CA" {
			t.Errorf("the CA's port 443 answers %q, error %v", got, err)
		}
		for _, address := range hosts(w, 443) {
			if got, err := ask(w, address); got != "target" {
				t.Errorf("%v answers %q, error %v", address, got, err)
			}
		}
	})
}

func TestWorldsAreApart(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, kind, func(t *testing.T, r *Run) {
				one, two := open(t, r, 1), open(t, r, 2)
				for _, address := range hosts(one, 443) {
					answer(t, one, address, "one")
				}
				for _, address := range hosts(two, 443) {
					if got, err := ask(two, address); err == nil {
						t.Errorf("two's port is open before two listens: %q", got)
					}
					answer(t, two, address, "two")
					if got, err := ask(two, address); got != "two" {
						t.Errorf("two answers %q, error %v", got, err)
					}
				}
				for _, address := range hosts(one, 443) {
					if got, err := ask(one, address); got != "one" {
						t.Errorf("one answers %q, error %v", got, err)
					}
				}
				if one.Services().HomeDNS == two.Services().HomeDNS {
					t.Errorf("both have %v at home", one.Services().HomeDNS)
				}
			})
		})
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		sites := w.Services()
		for _, gateway := range sites.Gateway {
			for _, port := range []int{sites.HTTPPort, sites.TLSPort} {
				address := netip.AddrPortFrom(gateway, uint16(port)).String()
				network := map[bool]string{true: "tcp4", false: "tcp6"}[gateway.Is4()]
				// ListenHome listens in the home network even when called inside the world.
				err := w.Do(func() error {
					listener, err := w.ListenHome(network, address)
					if err != nil {
						return err
					}
					t.Cleanup(func() { listener.Close() })
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				conn, err := net.DialTimeout("tcp", address, time.Second)
				if err != nil {
					t.Fatal(err)
				}
				conn.Close()
				if w.Kind() == Namespace {
					if _, err := ask(w, netip.MustParseAddrPort(address)); err == nil {
						t.Errorf("%s at home is reached from inside", address)
					}
				}
			}
		}
		packets, err := w.ListenPacketHome("udp", sites.HomeDNS.String())
		if err != nil {
			t.Fatal(err)
		}
		packets.Close()
	})
}

func TestNamesAreNoAddresses(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		for _, address := range []string{"localhost:80", ":80", "acme.test:443", "127.0.0.1:http", ""} {
			if _, err := w.Listen("tcp", address); err == nil {
				t.Errorf("Listen %q: no error", address)
			}
			if _, err := w.Dial(t.Context(), "tcp", address); err == nil {
				t.Errorf("Dial %q: no error", address)
			}
		}
	})
}

func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		// A listener with a full backlog: connections hang.
		listener, err := w.Listen("tcp", hosts(w, 443)[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		raw, err := listener.(*net.TCPListener).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) })
		if err != nil {
			t.Fatal(err)
		}
		for range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			conn, err := w.Dial(ctx, "tcp", listener.Addr().String())
			if err == nil {
				defer conn.Close()
				continue
			}
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("Dial ends with %v, expected a timeout", err)
			}
			return
		}
		t.Error("no connection hung")
	})
}

// A server sees each of the sources as it is, and no two of them in one network.
func TestSources(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		const n = 6
		v4, v6, err := w.Sources(n)
		if errors.Is(err, ErrUnsupported) {
			t.Skip(err)
		}
		if _, host6 := w.Host(); err != nil || len(v4) != n || len(v6) != n && host6.IsValid() {
			t.Fatalf("found %v and %v, error %v: expected %d addresses of each family", v4, v6, err, n)
		}
		networks := map[netip.Prefix]bool{}
		for i, host := range hosts(w, 443) {
			seen := make(chan netip.Addr, n)
			listener, err := w.Listen("tcp", host.String())
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					seen <- conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
					conn.Close()
				}
			}()
			sources, bits := v4, 16
			if i == 1 {
				sources, bits = v6, 48
			}
			for _, source := range sources {
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				conn, err := w.DialFrom(ctx, source, "tcp", host.String())
				cancel()
				if err != nil {
					t.Errorf("connect from %v to %v: %v", source, host, err)
					continue
				}
				conn.Close()
				if got := <-seen; got != source {
					t.Errorf("the server at %v saw %v, expected %v", host, got, source)
				}
				network, err := source.Prefix(bits)
				if own, _ := host.Addr().Prefix(bits); err != nil || networks[network] || network == own {
					t.Errorf("%v is in a network that was there before: %v", source, network)
				}
				networks[network] = true
			}
		}
	})
}
