package sut

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// followPause is how often a log file is looked at while nobody reads the log.
const followPause = 20 * time.Millisecond

// A follower adds what is written to a file to a log, line by line. The file may
// appear late, be renamed and made again, or be emptied.
type follower struct {
	path string
	in   *careful.Dir // the directory of the test
	log  *Log

	mu     sync.Mutex
	lines  *splitter
	file   *os.File // nil while there is no file
	offset int64    // bytes of file that were read
	last   []byte   // those before offset, to see that the file was emptied and written again
	closed bool
}

// follow begins to follow a file. What is in the file already belongs to an
// earlier start and is left out.
func follow(in *careful.Dir, path string, log *Log) *follower {
	f := &follower{path: path, in: in, log: log, lines: newSplitter(log, File)}
	if f.open() {
		if size, err := f.file.Seek(0, io.SeekEnd); err == nil {
			f.offset = size
			f.last = make([]byte, min(size, 256))
			n, _ := f.file.ReadAt(f.last, size-int64(len(f.last)))
			f.last = f.last[:n]
		}
	}
	return f
}

// open opens the file if there is one. A log file in the directory of the test may be
// a link to another file there, as some loggers make it.
func (f *follower) open() bool {
	open := careful.Open
	if f.in.Holds(f.path) {
		open = f.in.Open
	}
	file, err := open(f.path)
	if err != nil {
		return false
	}
	f.file, f.offset, f.last = file, 0, nil
	return true
}

// now describes the file that has the path now.
func (f *follower) now() (fs.FileInfo, error) {
	if f.in.Holds(f.path) {
		return f.in.Stat(f.path)
	}
	return os.Lstat(f.path)
}

// catchUp adds everything that has been written so far.
func (f *follower) catchUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	// A server may replace its file all the time.
	for range mostFiles {
		if f.closed || f.file == nil && !f.open() {
			return
		}
		f.read()
		ours, err := f.file.Stat()
		if err != nil {
			return
		}
		now, err := f.now()
		if err != nil || os.SameFile(ours, now) || !now.Mode().IsRegular() {
			return // or renamed, and no new file yet: the server may still write to the old one
		}
		f.read()
		f.letGo()
	}
}

// mostFiles bounds the files that one call of catchUp reads.
const mostFiles = 10

// read adds what follows the offset. A file that has become shorter, or whose
// bytes before the offset have changed, was emptied and is read from its start. Of a
// file that has grown by more than a limit only the end is read.
func (f *follower) read() {
	info, err := f.file.Stat()
	if err != nil || info.Size() == f.offset {
		return
	}
	before := make([]byte, len(f.last))
	_, err = f.file.ReadAt(before, f.offset-int64(len(before)))
	if info.Size() < f.offset || err != nil || !bytes.Equal(before, f.last) {
		f.lines.close()
		f.offset, f.last = 0, nil
	}
	if skipped := info.Size() - f.offset - limits.LogFileAtOnce; skipped > 0 {
		f.lines.close()
		f.log.add(Note, fmt.Sprintf("(%d bytes of the log file left out)", skipped), 0)
		f.offset += skipped
		f.last = nil
	}
	for buffer := make([]byte, 32<<10); f.offset < info.Size(); {
		n, err := f.file.ReadAt(buffer, f.offset)
		f.lines.Write(buffer[:n])
		f.offset += int64(n)
		f.last = append(f.last, buffer[:n]...)
		f.last = bytes.Clone(f.last[max(0, len(f.last)-256):])
		if err != nil || n == 0 {
			return
		}
	}
}

func (f *follower) letGo() {
	f.lines.close()
	f.file.Close()
	f.file = nil
}

// run looks at the file from time to time, until a channel is closed.
func (f *follower) run(until <-chan struct{}) {
	ticker := time.NewTicker(followPause)
	defer ticker.Stop()
	for {
		select {
		case <-until:
			return
		case <-ticker.C:
			f.catchUp()
		}
	}
}

// close adds what is left, with a last line that has no end.
func (f *follower) close() {
	f.catchUp()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		f.letGo()
	}
	f.closed = true
}
