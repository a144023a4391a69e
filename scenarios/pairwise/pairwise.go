// Package pairwise chooses few combinations of many values, such that every two
// values that can be combined are combined at least once. Most faults need no
// more than two values to show, so that the chosen combinations find almost
// what all of them would.
package pairwise

import (
	"errors"
	"fmt"
)

// limit is the largest number of combinations to choose from. Above it, the
// choice would take noticeably long.
const limit = 100_000

// Choose chooses among the combinations of values of several dimensions. sizes
// holds the number of values of each dimension. allowed says whether a
// combination, the index of a value for each dimension, can exist; nil allows
// all. Every pair of values that an allowed combination holds is held by at
// least one of the returned combinations. The result depends on the arguments
// alone: always the same combinations, in the same order.
//
// The error says that there are too many combinations, none, or a dimension
// without a value.
func Choose(sizes []int, allowed func(combination []int) bool) ([][]int, error) {
	all, err := enumerate(sizes, allowed)
	if err != nil {
		return nil, err
	}
	pairs := newPairs(sizes)
	for _, c := range all {
		pairs.each(c, func(i int) { pairs.missing[i] = true })
	}
	var chosen [][]int
	for {
		// The greedy choice is not always the smallest one, but close to it.
		best, gain := -1, 0
		for i, c := range all {
			if n := pairs.gain(c); n > gain {
				best, gain = i, n
			}
		}
		if best < 0 {
			return chosen, nil
		}
		pairs.each(all[best], func(i int) { pairs.missing[i] = false })
		chosen = append(chosen, all[best])
	}
}

// enumerate returns the allowed combinations, the last dimension changing
// fastest.
func enumerate(sizes []int, allowed func([]int) bool) (all [][]int, err error) {
	product := 1
	for i, size := range sizes {
		if size < 1 {
			return nil, fmt.Errorf("dimension %d has %d values, expected at least 1", i, size)
		}
		if product *= size; product > limit {
			return nil, fmt.Errorf("more than %d combinations, expected at most as many", limit)
		}
	}
	for n := range product {
		c := make([]int, len(sizes))
		for i := len(sizes) - 1; i >= 0; i-- {
			c[i], n = n%sizes[i], n/sizes[i]
		}
		if allowed == nil || allowed(c) {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no combination is allowed, expected at least one")
	}
	return all, nil
}

// pairs holds every pair of values of two different dimensions. One dimension
// alone is paired with a dimension of one value.
type pairs struct {
	sizes   []int
	offset  [][]int // of two dimensions' pairs in missing
	missing []bool  // pairs that no chosen combination holds yet
}

func newPairs(sizes []int) *pairs {
	if len(sizes) == 1 {
		sizes = []int{sizes[0], 1}
	}
	p := &pairs{sizes: sizes, offset: make([][]int, len(sizes))}
	length := 0
	for a := range sizes {
		p.offset[a] = make([]int, len(sizes))
		for b := a + 1; b < len(sizes); b++ {
			p.offset[a][b] = length
			length += sizes[a] * sizes[b]
		}
	}
	p.missing = make([]bool, length)
	return p
}

// each calls f with the index of every pair that a combination holds.
func (p *pairs) each(c []int, f func(index int)) {
	if len(c) == 1 {
		c = []int{c[0], 0}
	}
	for a := range c {
		for b := a + 1; b < len(c); b++ {
			f(p.offset[a][b] + c[a]*p.sizes[b] + c[b])
		}
	}
}

// gain counts the missing pairs that a combination holds.
func (p *pairs) gain(c []int) (n int) {
	p.each(c, func(i int) {
		if p.missing[i] {
			n++
		}
	})
	return n
}
