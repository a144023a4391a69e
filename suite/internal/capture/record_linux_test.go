package capture

import (
	"bytes"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// stopped returns a recording that has recorded nothing and has ended.
func stopped() *Recording { return &Recording{fd: -1} }

// network makes a network namespace, in whose thread do calls functions. Something listens
// at port 9 of its loopback interface.
func network(t *testing.T) (do func(func() error) error) {
	t.Helper()
	inside := make(chan func())
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the namespace
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			close(inside)
			return
		}
		for f := range inside {
			f()
		}
	}()
	do = func(f func() error) error {
		done := make(chan error)
		defer func() { recover() }() // the channel is closed where namespaces are not allowed
		inside <- func() { done <- f() }
		return <-done
	}
	allowed := false
	_ = do(func() error { allowed = true; return nil })
	if !allowed {
		t.Skip("network namespaces need root")
	}
	err := do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			return err
		}
		// Without a listener an ICMP message quotes the datagram.
		listener, err := net.ListenPacket("udp", "127.0.0.1:9")
		if err == nil {
			t.Cleanup(func() { listener.Close() })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return do
}

// TestRecord records a datagram in a network namespace of its own: once, although
// the loopback interface shows it twice, and nothing before and after.
func TestRecord(t *testing.T) {
	t.Parallel()
	do := network(t)
	send := func(text string) {
		err := do(func() error {
			conn, err := net.Dial("udp", "127.0.0.1:9")
			if err != nil {
				return err
			}
			defer conn.Close()
			_, err = conn.Write([]byte(text))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	send("before")
	began := time.Now()
	r, err := Start(do)
	if err != nil {
		t.Fatal(err)
	}
	send("during")
	packets, dropped := r.Stop()
	found := 0
	for _, p := range packets {
		if bytes.Contains(p.Data, []byte("before")) {
			t.Error("a packet from before the recording")
		}
		if bytes.Contains(p.Data, []byte("during")) {
			found++
			if p.At.Before(began.Add(-time.Second)) || p.At.After(time.Now()) {
				t.Errorf("recorded at %v, sent after %v", p.At, began)
			}
		}
	}
	if found != 1 || dropped != 0 {
		t.Errorf("found the datagram %d times, %d packets dropped", found, dropped)
	}
	if again, _ := r.Stop(); again != nil {
		t.Error("a second Stop returned packets")
	}
}

// TestFlood checks that a recording ends while packets come without end, and that it takes
// no more of them at once than it is to.
func TestFlood(t *testing.T) {
	t.Parallel()
	do := network(t)
	var senders sync.WaitGroup
	flooding, stop := make(chan bool, 1), make(chan struct{})
	defer func() { close(stop); senders.Wait() }()
	for range 32 {
		var conn net.Conn
		err := do(func() (err error) { conn, err = net.Dial("udp", "127.0.0.1:9"); return err })
		if err != nil {
			t.Fatal(err)
		}
		senders.Go(func() {
			defer conn.Close()
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				_, _ = conn.Write([]byte("flood")) // an error is a packet without room
				if n == 100 {
					select {
					case flooding <- true:
					default:
					}
				}
			}
		})
	}
	<-flooding
	r, err := Start(do)
	if err != nil {
		t.Fatal(err)
	}
	reader := &Recording{fd: r.fd}
	for len(reader.ring.packets) == 0 { // the flood goes on
		reader.drain(make([]byte, longest), make([]byte, 128), 3)
	}
	if n := len(reader.ring.packets); n > 3 {
		t.Errorf("took %d packets at once, expected 3 at most", n)
	}
	ended := make(chan []Packet, 1)
	go func() {
		packets, _ := r.Stop()
		ended <- packets
	}()
	select {
	case packets := <-ended:
		if len(packets) == 0 {
			t.Error("found no packets, expected the last ones")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the recording goes on 20 s after it was stopped, expected an end")
	}
}
