package pairwise

import (
	"fmt"
	"reflect"
	"testing"
)

// pairsOf returns every pair of values in combinations, as "dimension=value
// dimension=value".
func pairsOf(combinations [][]int) map[string]bool {
	held := map[string]bool{}
	for _, c := range combinations {
		for a := range c {
			for b := range c[:a] {
				held[fmt.Sprintf("%d=%d %d=%d", b, c[b], a, c[a])] = true
			}
		}
	}
	return held
}

func TestEveryPairIsHeld(t *testing.T) {
	for _, tt := range []struct {
		sizes   []int
		allowed func([]int) bool
		most    int // combinations that may be chosen
	}{
		{[]int{2, 2}, nil, 4},
		{[]int{2, 2, 2}, nil, 4},
		{[]int{3, 3, 3, 3}, nil, 12},
		{[]int{10, 3, 2, 2, 3, 2}, nil, 33},
		{[]int{4, 4, 4}, func(c []int) bool { return c[0] != 0 || c[1] == 0 }, 20},
		{[]int{5, 2, 3}, func(c []int) bool { return (c[0]+c[1]+c[2])%2 == 0 }, 15},
	} {
		t.Run(fmt.Sprint(tt.sizes), func(t *testing.T) {
			all, err := enumerate(tt.sizes, tt.allowed)
			if err != nil {
				t.Fatal(err)
			}
			chosen, err := Choose(tt.sizes, tt.allowed)
			if err != nil {
				t.Fatal(err)
			}
			if held := pairsOf(chosen); !reflect.DeepEqual(held, pairsOf(all)) {
				t.Errorf("%d pairs are held, expected %d", len(held), len(pairsOf(all)))
			}
			for _, c := range chosen {
				if tt.allowed != nil && !tt.allowed(c) {
					t.Errorf("%v was chosen, expected only what is allowed", c)
				}
			}
			if len(chosen) > tt.most {
				t.Errorf("%d combinations were chosen, expected at most %d", len(chosen), tt.most)
			}
			if again, _ := Choose(tt.sizes, tt.allowed); !reflect.DeepEqual(again, chosen) {
				t.Error("a second call chose differently")
			}
		})
	}
}

func TestOneDimensionIsListed(t *testing.T) {
	chosen, err := Choose([]int{3}, nil)
	if err != nil || !reflect.DeepEqual(chosen, [][]int{{0}, {1}, {2}}) {
		t.Errorf("%v was chosen (%v), expected each value once", chosen, err)
	}
}

func TestWhatCannotBeCombined(t *testing.T) {
	for _, tt := range []struct {
		sizes   []int
		allowed func([]int) bool
		want    string
	}{
		{[]int{2, 0}, nil, "dimension 1 has 0 values, expected at least 1"},
		{[]int{400, 400}, nil, "more than 100000 combinations, expected at most as many"},
		{[]int{2}, func([]int) bool { return false }, "no combination is allowed, expected at least one"},
	} {
		if _, err := Choose(tt.sizes, tt.allowed); err == nil || err.Error() != tt.want {
			t.Errorf("%v: error %v, expected %s", tt.sizes, err, tt.want)
		}
	}
}
