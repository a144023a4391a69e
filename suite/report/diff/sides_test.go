package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSides(t *testing.T) {
	t.Parallel()
	got := sides([]string{"  a", "- b", "- c", "+ d", "  e", "+ f", "- g", "  ", "+ h"})
	want := []Side{
		{Old: "a", New: "a"},
		{Old: "b", New: "d", Gone: true, Come: true},
		{Old: "c", Gone: true},
		{Old: "e", New: "e"},
		{New: "f", Come: true},
		{Old: "g", Gone: true},
		{},
		{New: "h", Come: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
