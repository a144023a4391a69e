package sut

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// read adds what arrives on a stream to the log, line by line, until the stream
// ends. A last line without a line break counts as a line.
func (l *Log) read(stream Stream, from io.Reader) {
	lines := newSplitter(l, stream)
	io.Copy(lines, from) // a stream that fails has ended
	lines.close()
}

// A pace reads from a stream, and waits when that becomes more than the limits allow. A
// server that prints without end waits then too, and does not take the processor from
// those that judge it.
type pace struct {
	from  io.Reader
	limit *rate.Limiter // of what is read, counted as [limits.Log] counts
	spent int           // at the last read
}

func newPace(from io.Reader) *pace {
	return &pace{from: from, limit: rate.NewLimiter(limits.LogRate, limits.LogAtOnce)}
}

// Read waits before it reads.
func (r *pace) Read(p []byte) (int, error) {
	err := r.limit.WaitN(context.Background(), min(r.spent, limits.LogAtOnce))
	if err != nil {
		return 0, err
	}
	n, err := r.from.Read(p)
	r.spent = n + limits.LogLineCost*bytes.Count(p[:n], []byte("\n"))
	return n, err
}

// A splitter adds what is written to it to a log, line by line. The rest of a
// line is left out after [limits.LogLine] bytes.
type splitter struct {
	to    unfolder
	line  []byte // the current line, with two bytes more than its limit for its end
	rest  int    // bytes of the current line after those
	begun bool
}

func newSplitter(log *Log, stream Stream) *splitter {
	return &splitter{to: unfolder{add: func(line string, cut int) { log.add(stream, line, cut) }}}
}

// close adds what has begun: a line without an end, and an object without one.
func (s *splitter) close() {
	s.end()
	s.to.close()
}

// Write adds the lines that p completes. It never fails.
func (s *splitter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		room := min(len(part), limits.LogLine+2-len(s.line))
		s.line, s.rest = append(s.line, part[:room]...), s.rest+len(part)-room
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
	text, cut := string(line[:min(len(line), limits.LogLine)]), 0
	if len(line) > limits.LogLine {
		cut = len(line) - limits.LogLine + s.rest
		text += " … (cut at " + careful.Size(limits.LogLine) + ")"
	}
	s.to.line(text, cut)
	s.line, s.rest, s.begun = s.line[:0], 0, false
}

// An unfolder makes one line of a JSON object that a server writes over several: such an
// object is one entry of the log. The object begins with a line "{", goes on with indented
// lines, and ends with a line that begins with "}". Whatever is no such object goes on as it
// came.
type unfolder struct {
	add func(line string, cut int)

	mu    sync.Mutex
	lines []string // of an object that has begun
	bytes int
	begun int         // how many objects have begun
	late  *time.Timer // lets go of an object that does not end
}

const (
	mostObjectLines = 200             // of one object
	objectPause     = 2 * time.Second // after which an object that has begun is given up
)

// line takes the next line. cut is as in [Line].
func (u *unfolder) line(text string, cut int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if cut > 0 || !goesOn(text) || len(u.lines) == mostObjectLines ||
		u.bytes+len(text) > limits.LogLine {
		u.letGo()
	}
	if len(u.lines) == 0 {
		if cut > 0 || strings.TrimRight(text, " \t") != "{" {
			u.add(text, cut)
			return
		}
		u.begun++
		number := u.begun
		u.late = time.AfterFunc(objectPause, func() { u.giveUp(number) })
	}
	u.lines, u.bytes = append(u.lines, text), u.bytes+len(text)
	if !strings.HasPrefix(text, "}") {
		return
	}
	var object bytes.Buffer
	if json.Compact(&object, []byte(strings.Join(u.lines, "\n"))) == nil {
		u.add(object.String(), 0)
		u.lines = nil
	}
	u.letGo()
}

// goesOn reports whether a line can belong to an object that has begun.
func goesOn(line string) bool { return line != "" && strings.IndexByte(" \t}", line[0]) >= 0 }

// giveUp adds the lines of the object with a number, which has not ended in time. Its timer may
// come late, when another object has begun.
func (u *unfolder) giveUp(number int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.begun == number {
		u.letGo()
	}
}

// close adds the lines of an object that does not end.
func (u *unfolder) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.letGo()
}

// letGo adds the lines that are held. The caller holds the mutex.
func (u *unfolder) letGo() {
	if u.late != nil {
		u.late.Stop()
	}
	for _, line := range u.lines {
		u.add(line, 0)
	}
	u.lines, u.bytes = nil, 0
}
