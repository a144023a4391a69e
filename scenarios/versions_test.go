package scenarios

import "testing"

func TestRange(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text, version string
		want          Verdict
	}{
		{">= 0.45.0", "v0.45.0", Holds},
		{">= 0.45.0", "0.58.0", Holds},
		{">= 0.45.0", "v0.44.9", Outside},
		{">= 0.45.0", "v0.45.0-0.20250101000000-abcdef012345", Outside},
		{"> 0.45.0", "v0.45.0", Outside},
		{"< 0.58.0", "v0.57.0", Holds},
		{"< 0.58.0", "v0.58.0", Outside},
		{"<= 0.58.0", "v0.58.0", Holds},
		{"= 0.34.0", "v0.34.0", Holds},
		{"= 0.34.0", "v0.35.0", Outside},
		{">= 0.45.0 < 0.58.0", "v0.50.0", Holds},
		{">= 0.45.0 < 0.58.0", "v0.58.0", Outside},
		{">=v0.45.0 <0.58.0", "v0.44.0", Outside},
		{">= 0.45.0", "", Unknown},
		{">= 0.45.0", "(devel)", Unknown},
	} {
		r, err := ParseRange(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.text, err)
		}
		if got := r.Holds(row.version); got != row.want {
			t.Errorf("%s holds for %q: %v, want %v", row.text, row.version, got, row.want)
		}
	}
	if (Range{}).Holds("") != Holds {
		t.Error("no range does not hold for everything")
	}
}

func TestWhatIsNoRange(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "0.45.0", ">=", ">= x", ">= 0.45", "^0.45.0", ">= 0.45.0 || < 0.2.0",
		"=> 0.45.0", "!= 0.45.0", "== 0.45.0",
	} {
		if r, err := ParseRange(text); err == nil {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}
