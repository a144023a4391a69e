package traffic

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
)

// expect waits until what is under way is what a test wants.
func expect(t *testing.T, m *Meter, want ...string) {
	t.Helper()
	underWay := func() string { return strings.Join(m.UnderWay(), "\n") }
	gomega.NewWithT(t).Eventually(underWay).WithTimeout(10*time.Second).
		Should(gomega.Equal(strings.Join(want, "\n")), "what is under way")
}

func TestWork(t *testing.T) {
	var m Meter
	expect(t, &m)
	first, second := m.Begin("b"), m.Begin("a")
	expect(t, &m, "a", "b")
	first()
	first() // once more does nothing
	expect(t, &m, "a")
	second()
	expect(t, &m)
	if m.Begun() != 2 {
		t.Errorf("%d pieces of work, expected 2", m.Begun())
	}
}

func TestSockets(t *testing.T) {
	var m Meter
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	m.Watch("listener", listener)
	expect(t, &m)
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	expect(t, &m, "unread data at listener")
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	m.Watch("connection", conn)
	expect(t, &m)
	client.Write([]byte("x"))
	expect(t, &m, "unread data at connection")
	conn.Read(make([]byte, 10))
	expect(t, &m)
	client.Close()
	expect(t, &m, "unread data at connection") // its end
	conn.Close()
	expect(t, &m)
	m.Watch("closed", conn)
	m.Forget(conn)
	m.Watch("no socket", strings.NewReader(""))
	expect(t, &m)
}

func TestPackets(t *testing.T) {
	var m Meter
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	m.Watch("packets", packets)
	client, err := net.Dial("udp", packets.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.Write([]byte("x"))
	expect(t, &m, "unread data at packets")
	packets.ReadFrom(make([]byte, 10))
	expect(t, &m)
}
