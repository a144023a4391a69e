package careful

import (
	"fmt"
	"sync"
)

// An Output keeps the beginning and the end of what a program prints, up to a limit,
// and drops what is between them. Any goroutine may write to it.
type Output struct {
	half int // bytes that are kept of the beginning, and of the end

	mu         sync.Mutex
	head, tail []byte
	cut        int // bytes that were dropped
}

// NewOutput returns an output that keeps this many bytes.
func NewOutput(limit int) *Output { return &Output{half: limit / 2} }

// Write takes all of p. It never fails.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(p), o.half-len(o.head))
	o.head = append(o.head, p[:n]...)
	o.tail = append(o.tail, p[max(n, len(p)-2*o.half):]...)
	o.cut += max(0, len(p)-n-2*o.half)
	if len(o.tail) > 2*o.half { // not at each write
		o.cut += len(o.tail) - o.half
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-o.half:]...)
	}
	return len(p), nil
}

// Cut returns how many bytes were left out of what [Output.Bytes] returns.
func (o *Output) Cut() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.missing()
}

func (o *Output) missing() int { return o.cut + max(0, len(o.tail)-o.half) }

// Bytes returns what was kept. A line says how much is missing, if anything is.
func (o *Output) Bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := append([]byte{}, o.head...)
	if n := o.missing(); n > 0 {
		all = fmt.Appendf(all, "\n(%d bytes left out)\n", n)
	}
	return append(all, o.tail[max(0, len(o.tail)-o.half):]...)
}

// String returns [Output.Bytes] as a text.
func (o *Output) String() string { return string(o.Bytes()) }
