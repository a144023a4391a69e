package capture

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// segment returns a packet of a TCP connection that carries a text.
func segment(t testing.TB, from, to layers.TCPPort, payload string) Packet {
	t.Helper()
	ip := &layers.IPv4{
		Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP,
		SrcIP: net.IPv4(127, 0, 0, 10), DstIP: net.IPv4(127, 0, 0, 10),
	}
	tcp := &layers.TCP{SrcPort: from, DstPort: to, ACK: true}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	var b = gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	err := gopacket.SerializeLayers(b, options,
		&layers.Ethernet{
			SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6),
			EthernetType: layers.EthernetTypeIPv4,
		}, ip, tcp, gopacket.Payload(payload))
	if err != nil {
		t.Fatal(err)
	}
	return Packet{At: time.Unix(1700000000, 123456789), Data: b.Bytes()}
}

// TestFile checks that another reader finds the packets, their times, the keys and
// the loss.
func TestFile(t *testing.T) {
	t.Parallel()
	packets := []Packet{segment(t, 40000, 443, "hello"), segment(t, 443, 40000, "world")}
	const keys = "CLIENT_RANDOM 00 11\n"
	file, err := File(packets, []byte(keys), 7)
	if err != nil {
		t.Fatal(err)
	}
	block := append([]byte("KSLT"), byte(len(keys)), 0, 0, 0)
	i := bytes.Index(file, append(block, keys...))
	if i < 0 || i > bytes.Index(file, []byte("hello")) {
		t.Errorf("the keys are not in a block before the packets (at %d)", i)
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range packets {
		data, info, err := r.ReadPacketData()
		if err != nil || !bytes.Equal(data, want.Data) || !info.Timestamp.Equal(want.At) {
			t.Errorf("packet %d: %v at %v: %x", i, err, info.Timestamp, data)
		}
	}
	if _, _, err := r.ReadPacketData(); !errors.Is(err, io.EOF) {
		t.Errorf("after the packets: %v, expected the end", err)
	}
	lo, err := r.Interface(0)
	if err != nil || lo.LinkType != layers.LinkTypeEthernet || lo.Statistics.PacketsDropped != 7 {
		t.Errorf("interface %+v, %v", lo, err)
	}
}

// TestRingKeepsTheLastPackets checks the limit of a capture.
func TestRingKeepsTheLastPackets(t *testing.T) {
	t.Parallel()
	var r ring
	for i := range 300 {
		r.add(Packet{Data: bytes.Repeat([]byte{byte(i)}, 10000)})
	}
	n := len(r.packets)
	if r.bytes > mostBytes || n != mostBytes/10000 || r.dropped != 300-n ||
		r.packets[n-1].Data[0] != byte(299%256) {
		t.Errorf("%d packets of %d bytes, %d dropped", n, r.bytes, r.dropped)
	}
}

// TestKeysOfTheLastConnections checks that the keys of packets that are kept are kept.
func TestKeysOfTheLastConnections(t *testing.T) {
	t.Parallel()
	var k Keys
	line := func(i int) string { return fmt.Sprintf("CLIENT_RANDOM %064x %096x\n", i, i) }
	for i := range 3000 {
		if n, err := k.Write([]byte(line(i))); n != len(line(i)) || err != nil {
			t.Fatalf("wrote %d bytes, %v", n, err)
		}
	}
	kept := mostKeys / len(line(0))
	want := ""
	for i := 3000 - kept; i < 3000; i++ {
		want += line(i)
	}
	if got := string(k.Text()); got != want {
		t.Errorf("%d bytes from %.40q, expected %d bytes from %.40q", len(got), got, len(want), want)
	}
}

// TestChallengesAreBlanked checks that tokens and key authorizations are overwritten,
// and nothing else.
func TestChallengesAreBlanked(t *testing.T) {
	t.Parallel()
	token, print := strings.Repeat("tOk3n-", 6), strings.Repeat("t", 43)
	packets := []Packet{
		segment(t, 40000, 80, "GET /.well-known/acme-challenge/"+token+" HTTP/1.1\r\nHost: a\r\n\r\n"),
		segment(t, 80, 40000, "HTTP/1.1 200 OK\r\n\r\n"+token+"."+print),
		segment(t, 80, 40000, "nothing secret here"),
	}
	lengths := []int{len(packets[0].Data), len(packets[1].Data)}
	Blank(packets)
	for i, p := range packets {
		if bytes.Contains(p.Data, []byte(token)) || bytes.Contains(p.Data, []byte(print)) {
			t.Errorf("packet %d still holds a secret of a challenge: %q", i, p.Data)
		}
	}
	if len(packets[0].Data) != lengths[0] || len(packets[1].Data) != lengths[1] ||
		!bytes.Contains(packets[0].Data, []byte("/acme-challenge/xxx")) ||
		!bytes.Contains(packets[0].Data, []byte(" HTTP/1.1\r\nHost: a")) ||
		!bytes.Contains(packets[2].Data, []byte("nothing secret here")) {
		t.Errorf("more than the challenge has changed: %q", packets)
	}
}

// TestHolds plants a key in packets: as it is written in a file, spread over two
// packets, and as bytes.
func TestHolds(t *testing.T) {
	t.Parallel()
	raw := []byte("\x00\x01the 48 bytes of a line of a key in PEM, raw.\xfe\xff")
	line := base64.StdEncoding.EncodeToString(raw)
	known := []string{line}
	secret := func(text string) bool { return strings.Contains(text, line) }
	for name, sent := range map[string][]string{
		"as written": {"key: " + line}, "in two packets": {"key: " + line[:20], line[20:]},
		"as bytes": {"\x30\x82" + string(raw) + "\x00"},
	} {
		var packets []Packet
		for i, text := range sent {
			packets = append(packets, segment(t, 443, 40000, text),
				segment(t, 40000, 443, fmt.Sprintf("between %d", i)))
		}
		if !Holds(packets, known, secret) {
			t.Errorf("%s: not found", name)
		}
		if Holds(packets[1:2], known, secret) {
			t.Errorf("%s: found where it is not", name)
		}
	}
}

// TestSecretInAnAnswer checks that a capture is left out if a client of which it has
// the keys was given a secret.
func TestSecretInAnAnswer(t *testing.T) {
	t.Parallel()
	p := Packets{recording: stopped()}
	if p.recording == nil {
		t.Skip("packets are recorded on Linux alone")
	}
	for range 300 { // more than is kept
		p.Received(nil, strings.Repeat("harmless ", 1000))
	}
	p.Received(nil, "the key is planted-secret")
	if n := p.received.Len(); n > mostReceived {
		t.Errorf("%d bytes of answers are kept, expected %d at most", n, mostReceived)
	}
	file, err := p.File(nil, func(text string) bool { return strings.Contains(text, "planted") })
	if file != nil || err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("%d bytes, error %v, expected only an error about a secret", len(file), err)
	}
}
