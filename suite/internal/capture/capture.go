// Package capture records the packets of a spec's network, and writes them as
// pcapng with the TLS keys of the suite's own clients, so that Wireshark shows what
// these clients sent and got.
package capture

import (
	"bytes"
	"errors"
	"sync"
	"time"
)

// ErrUnsupported says that packets cannot be recorded here.
var ErrUnsupported = errors.New("packets are recorded in a network namespace of Linux alone")

const (
	// mostBytes and mostPackets bound the packets that are kept. The oldest are dropped.
	mostBytes   = 1 << 20
	mostPackets = 4096
	// mostKeys bounds the keys of TLS connections. The oldest are dropped.
	mostKeys = 256 << 10
)

// Packet is one packet, as the kernel saw it.
type Packet struct {
	At   time.Time
	Data []byte // an Ethernet frame
}

// ring keeps the last packets.
type ring struct {
	packets []Packet
	bytes   int
	dropped int // packets that the ring or the kernel had no room for
}

func (r *ring) add(p Packet) {
	r.packets = append(r.packets, p)
	r.bytes += len(p.Data)
	drop := 0
	for ; r.bytes > mostBytes || len(r.packets)-drop > mostPackets; drop++ {
		r.bytes -= len(r.packets[drop].Data)
		r.packets[drop] = Packet{}
	}
	r.packets = r.packets[drop:]
	r.dropped += drop
}

// Keys collects the keys of TLS connections, in the format of NSS. It is made for
// [crypto/tls.Config.KeyLogWriter]; any goroutine may write to it.
type Keys struct {
	mu   sync.Mutex
	text []byte
}

// Write adds a line. Beyond 256 KiB it drops the oldest lines, whose packets are the
// first to be dropped too.
func (k *Keys) Write(line []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.text = append(k.text, line...)
	if over := len(k.text) - mostKeys; over > 0 {
		k.text = k.text[over+bytes.IndexByte(k.text[over-1:], '\n'):]
	}
	return len(line), nil
}

// Text returns the keys so far, one on each line.
func (k *Keys) Text() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return bytes.Clone(k.text)
}
