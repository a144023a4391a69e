package events

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"assay/suite/report"
)

// maxLine is the length of the longest line that Read accepts. An event that a
// Sender sent is shorter.
const maxLine = 1 << 20

// Read gives the events of a stream to notice, until the stream ends. It skips lines
// that are too long or that are no events.
func Read(stream io.Reader, notice func(report.Event)) {
	r := bufio.NewReaderSize(stream, 1<<16)
	var line []byte
	tooLong := false
	for {
		part, err := r.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > maxLine; !tooLong {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		var e report.Event
		whole := bytes.HasSuffix(line, []byte("\n"))
		if whole && !tooLong && json.Unmarshal(line, &e) == nil && e.Kind != "" {
			notice(e)
		}
		if err != nil {
			return
		}
		line, tooLong = line[:0], false
	}
}
