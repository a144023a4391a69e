package careful

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestOutput(t *testing.T) {
	for _, size := range []int{1, 3, 7, 64, 1000} { // of the writes
		for _, n := range []int{0, 1, 99, 100, 101, 149, 500, 5000} {
			o := NewOutput(100)
			var text []byte
			for i := range n {
				text = append(text, byte('a'+i%26))
			}
			for rest := text; len(rest) > 0; {
				part := rest[:min(size, len(rest))]
				if written, err := o.Write(part); written != len(part) || err != nil {
					t.Fatalf("wrote %d of %d: %v", written, len(part), err)
				}
				rest = rest[len(part):]
			}
			want := string(text)
			if n > 100 {
				want = fmt.Sprintf("%s\n(%d bytes left out)\n%s", text[:50], n-100, text[n-50:])
			}
			if o.String() != want || o.Cut() != max(0, n-100) {
				t.Errorf("%d bytes in writes of %d: found %q and %d left out, expected %q",
					n, size, o.String(), o.Cut(), want)
			}
		}
	}
	o := NewOutput(1 << 10)
	part := bytes.Repeat([]byte("x"), 1<<20)
	for range 100 {
		o.Write(part)
	}
	if kept := cap(o.head) + cap(o.tail); kept > 1<<14 {
		t.Errorf("keeps %d bytes, expected about 1024", kept)
	}
	if !strings.Contains(o.String(), "left out") {
		t.Error("does not say that something is left out")
	}
}
