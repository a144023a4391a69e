//go:build linux && (amd64 || arm64)

package clock

import (
	"bytes"
	"slices"
	"testing"
)

func TestLayout(t *testing.T) {
	image, err := ownVDSO()
	if err != nil {
		t.Fatal(err)
	}
	l, err := layoutOf(image)
	if err != nil {
		t.Fatal(err)
	}
	written := make([]bool, len(image))
	for _, p := range l.patches {
		for i := range p.code {
			at := int(p.at) + i
			if at >= len(image) {
				t.Fatalf("%d bytes at %#x do not fit into the vDSO of %#x",
					len(p.code), p.at, len(image))
			}
			if written[at] {
				t.Fatalf("byte %#x is written twice", at)
			}
			written[at] = true
		}
	}
	if l.table%8 != 0 || !written[l.table] || !written[l.table+8*clocks-1] {
		t.Errorf("the table at %#x is not aligned, or not part of what is written", l.table)
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		rooms []room
		want  uint64
		fits  bool
	}{
		{[]room{{0, 100}, {1005, 220}}, 1008, true},
		{[]room{{5, 200}}, 0, false}, // aligned, it is too small
		{[]room{{5, 211}}, 16, true},
		{nil, 0, false},
	} {
		at, err := place(slices.Clone(c.rooms), 200)
		if at != c.want || (err == nil) != c.fits {
			t.Errorf("%v: got %d, %v, expected %d", c.rooms, at, err, c.want)
		}
	}
}

func TestNotAVDSO(t *testing.T) {
	for _, image := range [][]byte{nil, bytes.Repeat([]byte{0}, 8192)} {
		if _, err := layoutOf(image); err == nil {
			t.Errorf("%d bytes: got no error", len(image))
		}
	}
}
