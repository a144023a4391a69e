package capture

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// Packets holds what is recorded of one spec: the packets of its network, and what
// the suite's clients got in connections of which the capture has the keys. It is
// empty until [Packets.Record] is called.
type Packets struct {
	Keys Keys // of the suite's clients

	recording *Recording
	err       error // why there is no recording

	mu       sync.Mutex
	received bytes.Buffer
}

// Record begins to record. do calls a function on a thread in the spec's network. If
// packets cannot be recorded, [Packets.File] says why.
func (p *Packets) Record(do func(func() error) error) {
	p.recording, p.err = Start(do)
}

// mostReceived bounds the answers that are searched for secrets. The oldest are
// dropped, because the capture no longer has their packets.
const mostReceived = 2 * mostBytes

// Received notes an answer that came over a connection of which the capture has the
// keys, so that somebody who opens the capture can read the answer.
func (p *Packets) Received(header http.Header, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = header.Write(&p.received) // to memory
	p.received.WriteString("\n" + body + "\n")
	p.received.Next(max(0, p.received.Len()-mostReceived))
}

// Stop ends the recording and drops what was recorded.
func (p *Packets) Stop() {
	if p.recording != nil {
		p.recording.Discard()
		p.recording = nil
	}
}

// File ends the recording and returns it as a pcapng file. The error says why there
// is none: it could not be recorded, or it holds a secret, which [Holds] looks for.
func (p *Packets) File(known []string, secret func(string) bool) ([]byte, error) {
	if p.err != nil {
		return nil, fmt.Errorf("packets could not be recorded: %w", p.err)
	}
	if p.recording == nil {
		return nil, nil
	}
	packets, dropped := p.recording.Stop()
	p.recording = nil
	Blank(packets)
	p.mu.Lock()
	answers := p.received.String()
	p.mu.Unlock()
	if Holds(packets, known, secret) || secret(answers) {
		return nil, errors.New("the packets hold a secret of the server")
	}
	return File(packets, p.Keys.Text(), dropped)
}
