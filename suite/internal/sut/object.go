package sut

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"assay/suite/internal/limits"
)

// An unfolder makes one line of a JSON object that a server writes over several: such an
// object is one entry of the log. The object begins with a line "{", goes on with indented
// lines, and ends with a line that begins with "}". Whatever is no such object goes on as it
// came.
type unfolder struct {
	add func(line string, cut int)

	mu    sync.Mutex
	lines []string // of an object that has begun
	bytes int
	late  *time.Timer // lets go of an object that does not end
}

const (
	mostObjectLines = 200                    // of one object
	objectPause     = 200 * time.Millisecond // after which an object that has begun is given up
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
		u.late = time.AfterFunc(objectPause, u.giveUp)
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

// giveUp adds the lines of an object that has begun.
func (u *unfolder) giveUp() {
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
