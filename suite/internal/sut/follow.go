package sut

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// followInterval is how often a followed file is looked at. File systems have no
// event for a file in a directory that does not exist yet.
const followInterval = 10 * time.Millisecond

// Follow adds the lines of a file to the log, as those of the stream [File]. What
// the file holds when Follow is called is left out. The file may come later, be
// renamed and made again, or be truncated. After the context has ended, the file
// is read to its end, and the channel is closed.
func (l *Log) Follow(ctx context.Context, path string) (ended <-chan struct{}) {
	f := follower{path: path}
	f.open(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.follow(ctx, f)
	}()
	return done
}

func (l *Log) follow(ctx context.Context, f follower) {
	r, w := io.Pipe()
	read := make(chan struct{})
	go func() {
		defer close(read)
		l.read(File, r)
	}()
	f.to = bufio.NewWriter(w)
	next := time.NewTicker(followInterval)
	defer next.Stop()
	for done := false; !done; {
		select {
		case <-next.C:
		case <-ctx.Done():
			done = true
		}
		f.look()
	}
	if f.file != nil {
		f.file.Close()
	}
	w.Close()
	<-read
}

// A follower copies what is appended to the file at a path.
type follower struct {
	path string
	file *os.File // nil while there is none
	at   int64    // what was read of it
	to   *bufio.Writer
}

// open opens the file at the path, if there is one.
func (f *follower) open(atEnd bool) {
	file, err := os.Open(f.path)
	if err != nil {
		return
	}
	f.file, f.at = file, 0
	if info, err := file.Stat(); atEnd && err == nil {
		f.at = info.Size()
	}
}

// look copies what is new, and turns to the file that stands at the path now.
func (f *follower) look() {
	if f.file == nil {
		f.open(false)
	}
	if f.file == nil {
		return
	}
	f.copy()
	ours, err := f.file.Stat()
	theirs, missing := os.Stat(f.path)
	if err != nil || missing != nil || os.SameFile(ours, theirs) {
		return
	}
	// The file was renamed or removed, and there is a new one. The server may
	// have written to the old one until now.
	f.copy()
	f.file.Close()
	f.file = nil
	f.open(false)
	f.copy()
}

// copy copies what is new in the open file. A file that is shorter than what was
// read of it was truncated, and is new from its beginning.
func (f *follower) copy() {
	if f.file == nil {
		return
	}
	if info, err := f.file.Stat(); err == nil && info.Size() < f.at {
		f.at = 0
	}
	n, err := io.Copy(f.to, io.NewSectionReader(f.file, f.at, 1<<62))
	f.at += n
	if err == nil || errors.Is(err, io.EOF) {
		_ = f.to.Flush()
	}
}
