package wire

import (
	"context"
	"encoding/binary"
	"net"
	"time"
)

// Fragmented returns a DialFunc whose connections split the client's hello into
// TLS records of at most size bytes, as RFC 8446 §5.1 allows.
func Fragmented(dial DialFunc, size int) DialFunc {
	return rewriting(dial, func(flight []byte) [][]byte {
		var records []byte
		for len(flight) >= recordHeader {
			header := flight[:recordHeader]
			end := min(recordHeader+int(binary.BigEndian.Uint16(header[3:])), len(flight))
			body := flight[recordHeader:end]
			flight = flight[end:]
			for len(body) > 0 {
				piece := body[:min(size, len(body))]
				body = body[len(piece):]
				records = append(records, header[:3]...)
				records = binary.BigEndian.AppendUint16(records, uint16(len(piece)))
				records = append(records, piece...)
			}
		}
		return [][]byte{records}
	})
}

// Dribbled returns a DialFunc whose connections send every byte of the client's
// hello in a TCP segment of its own.
func Dribbled(dial DialFunc) DialFunc {
	return rewriting(dial, func(flight []byte) [][]byte {
		var bytes [][]byte
		for i := range flight {
			bytes = append(bytes, flight[i:i+1])
		}
		return bytes
	})
}

// Paused returns a DialFunc whose connections send the client's hello in two TCP segments:
// the first size bytes, and the rest after a pause, as a network does that loses the second
// of two packets.
func Paused(dial DialFunc, size int, pause time.Duration) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := rewriting(dial, func(flight []byte) [][]byte {
			size := min(size, len(flight))
			return [][]byte{flight[:size], flight[size:]}
		})(ctx, network, address)
		if err == nil {
			conn.(*rewriter).pause = func() {
				select {
				case <-time.After(pause):
				case <-ctx.Done():
				}
			}
		}
		return conn, err
	}
}

// recordHeader is the length of a TLS record's header: type, version, length.
const recordHeader = 5

// rewriting returns a DialFunc whose connections split their first write.
func rewriting(dial DialFunc, rewrite func([]byte) [][]byte) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &rewriter{Conn: conn, rewrite: rewrite}, nil
	}
}

type rewriter struct {
	net.Conn
	rewrite func([]byte) [][]byte // nil after the first write
	pause   func()                // before each further piece; nil for none
}

func (r *rewriter) Write(p []byte) (int, error) {
	if r.rewrite == nil {
		return r.Conn.Write(p)
	}
	pieces := r.rewrite(p)
	r.rewrite = nil
	for i, piece := range pieces {
		if i > 0 && r.pause != nil {
			r.pause()
		}
		if _, err := r.Conn.Write(piece); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
