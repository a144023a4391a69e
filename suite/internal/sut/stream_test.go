package sut

import (
	"bytes"
	"testing"
	"time"

	"assay/suite/internal/limits"
)

// A stream that goes on without end is read no faster than the limits say. Empty lines
// count too.
func TestPace(t *testing.T) {
	t.Parallel()
	// Half a second's worth is more than may come at once.
	const cost = limits.LogAtOnce + limits.LogRate/2
	for name, text := range map[string][]byte{
		"long":  bytes.Repeat([]byte("x"), cost),
		"empty": bytes.Repeat([]byte("\n"), cost/(limits.LogLineCost+1)+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			from := bytes.NewReader(text)
			r := newPace(from)
			for buffer := make([]byte, 1<<10); from.Len() > 0; {
				if _, err := r.Read(buffer); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took < time.Second/3 {
				t.Errorf("took %s, expected about half a second", took)
			}
		})
	}
}
