package sut

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// What was written counts as taken up when its reader comes for more.
func TestSource(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := &logPipe{pipe: r}
	if !s.drained() {
		t.Error("nothing was written, and something is on its way")
	}
	io.WriteString(w, "a line\n")
	if s.drained() {
		t.Error("what waits in the pipe counts as taken up")
	}
	buffer := make([]byte, 100)
	if n, err := s.Read(buffer); string(buffer[:n]) != "a line\n" || err != nil {
		t.Fatalf("read %q, error %v", buffer[:n], err)
	}
	if s.drained() {
		t.Error("what has only been read counts as taken up")
	}
	again := make(chan error, 1)
	go func() {
		_, err := s.Read(buffer)
		again <- err
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); !s.drained(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("what its reader has dealt with does not count as taken up within 5s")
		}
	}
	w.Close()
	if err := <-again; !errors.Is(err, io.EOF) {
		t.Errorf("error %v at the end, expected %v", err, io.EOF)
	}
}
