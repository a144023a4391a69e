package sut

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// read adds what arrives on a stream to the log, line by line, until the stream
// ends. A last line without a line break counts as a line.
func (l *Log) read(stream Stream, from io.Reader) {
	r := bufio.NewReader(from)
	var line []byte
	var cut, pending bool
	for {
		part, err := r.ReadSlice('\n')
		room := lineLimit - len(line)
		if end := bytes.TrimRight(part, "\r\n"); len(end) > room {
			line, cut = append(line, end[:room]...), true
		} else if errors.Is(err, bufio.ErrBufferFull) {
			line = append(line, part[:min(len(part), room)]...)
		} else {
			line = append(line, end...)
		}
		pending = pending || len(part) > 0
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if pending {
			if cut {
				line = append(line, " … (cut at 64 KiB)"...)
			}
			l.add(stream, string(line))
			line, cut, pending = line[:0], false, false
		}
		if err != nil {
			return
		}
	}
}
