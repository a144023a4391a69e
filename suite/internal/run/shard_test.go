package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/internal/sut"
)

// planOf returns a plan for the whole catalogue against a target that claims all
// chapters.
func planOf(t *testing.T, o Options) *plan {
	t.Helper()
	catalogue, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	target, err := sut.Load("reference", nil)
	if err != nil {
		t.Fatal(err)
	}
	target.Profiles = nil // it claims everything
	for _, chapter := range catalogue.Chapters {
		target.Profiles = append(target.Profiles, chapter.Name)
	}
	return &plan{Options: o, catalogue: catalogue, target: target}
}

// TestShards checks that the parts of a run are disjoint, complete and of about the same
// size, and that no requirement is apart from what it needs.
func TestShards(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 2, 3, 7} {
		part := map[string]int{} // of each requirement
		var cases []int
		for i := range count {
			p := planOf(t, Options{Shard: fmt.Sprintf("%d/%d", i+1, count), Skip: []string{"RES-*"}})
			if err := p.applyShard(); err != nil {
				t.Fatal(err)
			}
			again := planOf(t, p.Options)
			if err := again.applyShard(); err != nil || len(again.shard) != len(p.shard) {
				t.Errorf("%s: found %d requirements and %v at the second time, expected %d",
					p.Shard, len(again.shard), err, len(p.shard))
			}
			cases = append(cases, p.count())
			for id := range p.shard {
				if other, twice := part[id]; twice {
					t.Errorf("%s is in the parts %d and %d of %d", id, other, i+1, count)
				}
				part[id] = i + 1
				if !again.shard[id] {
					t.Errorf("%s is in %s at the first time only", id, p.Shard)
				}
			}
		}
		for _, r := range planOf(t, Options{}).catalogue.Requirements() {
			if strings.HasPrefix(r.ID, "RES-") {
				continue
			}
			if part[r.ID] == 0 {
				t.Errorf("%s is in none of %d parts", r.ID, count)
			}
			for _, need := range r.Needs {
				id, _, _ := strings.Cut(need.ID, "/")
				if id != "" && part[id] != 0 && part[id] != part[r.ID] {
					t.Errorf("%s is in part %d and needs %s, which is in part %d",
						r.ID, part[r.ID], id, part[id])
				}
			}
		}
		if least, most := slices.Min(cases), slices.Max(cases); most-least > 5 {
			t.Errorf("%d parts have %v cases, expected about the same number", count, cases)
		}
	}
}

func TestShardMistakes(t *testing.T) {
	t.Parallel()
	for value, says := range map[string]string{
		"2":   `--shard: found "2", expected a part such as 2/3`,
		"0/2": "expected a part such as 2/3",
		"3/2": "expected a part from 1/2 to 2/2",
		"1/3": "expected at most 2 parts",
		"99999999999999999999/99999999999999999999": "expected a part from",
	} {
		p := planOf(t, Options{Shard: value, Only: []string{"BYO-01", "CHAIN-01"}})
		if err := p.applyShard(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: found %v, expected %q", value, err, says)
		}
	}
}
