package world

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/internal/limits"
)

// TestPacketsAreBounded sends datagrams as fast as it can for half a second. The kernel
// refuses those beyond the bound, and none before.
func TestPacketsAreBounded(t *testing.T) {
	t.Parallel()
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		w := open(t, r, 1)
		v4, _ := w.Host()
		var listener net.PacketConn
		var conn net.Conn
		err := w.Do(func() (err error) {
			if listener, err = net.ListenPacket("udp", netip.AddrPortFrom(v4, 9).String()); err != nil {
				return err
			}
			conn, err = net.Dial("udp", listener.LocalAddr().String())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		defer conn.Close()
		began := time.Now()
		sent, refused := 0, 0
		for time.Since(began) < time.Second/2 {
			_, err := conn.Write([]byte("datagram"))
			switch {
			case err == nil:
				sent++
			case !errors.Is(err, unix.EPERM):
				t.Fatal(err)
			case sent < limits.DatagramsAtOnce:
				t.Fatalf("a datagram was refused after %d, expected %d at once", sent, limits.DatagramsAtOnce)
			default:
				refused++
			}
		}
		most := limits.DatagramsAtOnce + int((time.Since(began).Seconds()+1)*limits.DatagramRate)
		if sent > most || refused == 0 {
			t.Errorf("%d datagrams were sent and %d refused in %v, expected %d to be sent at most",
				sent, refused, time.Since(began), most)
		}
	})
}
