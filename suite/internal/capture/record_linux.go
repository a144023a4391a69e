package capture

import (
	"encoding/binary"
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// lookEvery is how often the recording looks how many packets the kernel holds.
	// Most specs pass, and nobody reads their packets, so they stay in the kernel as
	// long as there is room. Reading each one when it comes would cost a run several
	// seconds of CPU time.
	lookEvery = 50 * time.Millisecond
	// room is the number of packets that the kernel's usual buffer holds with ease.
	room = 150
	// buffer is how much the kernel is asked to hold meanwhile, in bytes.
	buffer = 1 << 20
	// most is the number of packets that are read after one look. A target may send them
	// faster than they can be read; the kernel drops and counts those.
	most = 512
	// mostHeld is more packets than the buffer holds of any size.
	mostHeld = 4096
	// longest is the length of the longest packet of the loopback interface.
	longest = 1<<16 + 64
)

// Recording is a recording of packets that goes on.
type Recording struct {
	fd    int
	stop  chan bool // whether to read what the kernel still holds
	ended chan struct{}
	ring  ring
}

// Start begins to record the packets of a network. do calls a function on a thread
// in that network.
func Start(do func(func() error) error) (*Recording, error) {
	r := &Recording{stop: make(chan bool, 1), ended: make(chan struct{})}
	err := do(func() (err error) {
		// Without a protocol at first: no packet arrives before the socket is bound.
		r.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		_ = unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
		return errors.Join(
			unix.SetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
			unix.SetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer),
			unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: anyProtocol}))
	})
	if err != nil {
		if r.fd > 0 {
			unix.Close(r.fd)
		}
		return nil, err
	}
	go r.record()
	return r, nil
}

// anyProtocol is ETH_P_ALL in the order of the network.
var anyProtocol = binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})

// record takes packets out of the kernel before its buffer is full, until the
// recording is to stop.
func (r *Recording) record() {
	defer close(r.ended)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var frame, control []byte
	held := 0
	for {
		last, wanted := false, false
		select {
		case wanted = <-r.stop:
			last = true
		case <-tick.C:
			held += r.arrived()
		}
		if wanted || !last && held > room {
			if frame == nil {
				frame, control = make([]byte, longest), make([]byte, 128)
			}
			if last {
				r.drain(frame, control, mostHeld)
			} else if r.drain(frame, control, most) < most {
				held = 0
			}
		}
		if last {
			r.arrived()
			return
		}
	}
}

// arrived returns how many packets have come since the last call, and notes those for
// which the kernel had no room.
func (r *Recording) arrived() int {
	stats, err := unix.GetsockoptTpacketStats(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return room + 1 // read what is there
	}
	r.ring.dropped += int(stats.Drops)
	return int(stats.Packets)
}

// drain takes packets out of the kernel, so many at most, and returns how many it took.
func (r *Recording) drain(frame, control []byte, most int) (taken int) {
	for ; taken < most; taken++ {
		n, nc, _, from, err := unix.Recvmsg(r.fd, frame, control, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil { // there is nothing more
			return taken
		}
		// The loopback interface shows each packet twice, when it goes and when it
		// comes. Kernels before 4.20 cannot leave one out.
		if link, ok := from.(*unix.SockaddrLinklayer); ok && link.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		r.ring.add(Packet{At: arrival(control[:nc]), Data: append([]byte(nil), frame[:n]...)})
	}
	return taken
}

// arrival returns the time at which the kernel got a packet.
func arrival(control []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(control)
	if err == nil {
		for _, m := range messages {
			if m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
				at := (*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
				return time.Unix(at.Unix())
			}
		}
	}
	return time.Now()
}

// Stop ends the recording. It returns the last packets, and how many there was no
// room for. After the first call of Stop or Discard there is nothing.
func (r *Recording) Stop() (packets []Packet, dropped int) { return r.end(true) }

// Discard ends the recording and reads nothing more.
func (r *Recording) Discard() { r.end(false) }

func (r *Recording) end(wanted bool) (packets []Packet, dropped int) {
	if r.fd < 0 {
		return nil, 0
	}
	r.stop <- wanted
	<-r.ended
	packets, dropped = r.ring.packets, r.ring.dropped
	// The kernel waits some milliseconds before it lets go of such a socket.
	fd := r.fd
	go unix.Close(fd)
	r.fd, r.ring = -1, ring{}
	return packets, dropped
}
