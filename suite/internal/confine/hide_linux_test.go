package confine

import (
	"errors"
	"slices"
	"syscall"
	"testing"
)

// TestWhatIsNotHiddenIsSaid checks which errors end a run, and which are said in words.
func TestWhatIsNotHiddenIsSaid(t *testing.T) {
	for _, tt := range []struct {
		err   error
		ends  bool
		noted []string
	}{
		{nil, false, nil},
		{syscall.ENOENT, false, nil},
		{syscall.EPERM, false, []string{"cannot hide /etc/shadow: operation not permitted"}},
		{syscall.EIO, true, nil},
	} {
		var h hider
		err := h.note("hide /etc/shadow", tt.err)
		if ends := err != nil; ends != tt.ends || !slices.Equal(h.left, tt.noted) {
			t.Errorf("%v: found the error %v and the note %q, expected an error: %t and the note %q",
				tt.err, err, h.left, tt.ends, tt.noted)
		}
		if tt.ends && !errors.Is(err, tt.err) {
			t.Errorf("found %v, expected it to be %v", err, tt.err)
		}
	}
}

// TestSwap checks that all IDs but two keep their numbers.
func TestSwap(t *testing.T) {
	for _, tt := range []struct {
		ranges []idRange
		a, b   int
	}{
		{[]idRange{{0, 1 << 32}}, 1000, 70000},
		{[]idRange{{0, 1}, {1, 65536}}, 1000, 65533},
		{[]idRange{{0, 2000}, {5000, 2}}, 1000, 5001},
		{[]idRange{{0, 2000}, {5000, 2}}, 5000, 0},
	} {
		found := map[int]int{}
		var size int
		for _, m := range swap(tt.ranges, tt.a, tt.b) {
			size += m.Size
			for _, probe := range []int{
				0, 1, 999, 1000, 1001, 1999, 5000, 5001, 65533, 69999, 70000, 70001,
			} {
				if probe >= m.ContainerID && probe < m.ContainerID+m.Size {
					found[probe] = m.HostID + probe - m.ContainerID
				}
			}
		}
		for _, r := range tt.ranges {
			size -= r.size
		}
		if size != 0 {
			t.Errorf("%v: %d IDs more than before, expected as many", tt.ranges, size)
		}
		for inside, outside := range found {
			want := inside
			switch inside {
			case tt.a:
				want = tt.b
			case tt.b:
				want = tt.a
			}
			if outside != want {
				t.Errorf("%v: %d is %d outside, expected %d", tt.ranges, inside, outside, want)
			}
		}
	}
}
