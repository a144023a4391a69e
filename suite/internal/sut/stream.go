package sut

import (
	"bytes"
	"io"
)

// read adds what arrives on a stream to the log, line by line, until the stream
// ends. A last line without a line break counts as a line.
func (l *Log) read(stream Stream, from io.Reader) {
	lines := &splitter{log: l, stream: stream}
	io.Copy(lines, from) // a stream that fails has ended
	lines.end()
}

// A splitter adds what is written to it to a log, line by line. The rest of a
// line is left out after 64 KiB.
type splitter struct {
	log    *Log
	stream Stream
	line   []byte // the current line, with two bytes more than its limit for its end
	begun  bool
}

// Write adds the lines that p completes. It never fails.
func (s *splitter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		s.line = append(s.line, part[:min(len(part), lineLimit+2-len(s.line))]...)
		s.begun = true
		if !ended {
			break
		}
		s.end()
		p = rest
	}
	return n, nil
}

// end adds the current line, if one has begun.
func (s *splitter) end() {
	if !s.begun {
		return
	}
	line := bytes.TrimRight(s.line, "\r")
	text := string(line[:min(len(line), lineLimit)])
	if len(line) > lineLimit {
		text += " … (cut at 64 KiB)"
	}
	s.log.add(s.stream, text)
	s.line, s.begun = s.line[:0], false
}
