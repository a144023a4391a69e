package main

import (
	"fmt"
	"io"

	"assay/fixtures/survivors"
)

// A summary holds what a survey found.
type summary struct {
	Changes   int      `json:"changes"` // of the server, in all
	Reached   int      `json:"reached"` // by any spec
	Made      int      `json:"made"`
	Caught    int      `json:"caught"`
	Explained int      `json:"explained"`
	Survived  int      `json:"survived"` // without those that are explained
	Errors    int      `json:"errors"`
	Share     float64  `json:"share"` // of the changes with a verdict that were caught
	Seed      uint64   `json:"seed,omitempty"`
	Sample    int      `json:"sample,omitempty"`
	Results   []result `json:"results"`
}

// summarize counts results. known are the survivors that are explained.
func summarize(p *program, results []result, known []survivors.Survivor, o options) *summary {
	s := &summary{Changes: len(p.points), Made: len(results), Results: results}
	if o.Sample > 0 {
		s.Seed, s.Sample = o.Seed, o.Sample
	}
	for i := range results {
		r := &results[i]
		switch r.verdict() {
		case "error":
			s.Errors++
		case "caught":
			s.Caught++
		default:
			if r.Because = explain(known, r.point); r.Because != "" {
				s.Explained++
			} else {
				s.Survived++
			}
		}
	}
	if n := s.Caught + s.Explained + s.Survived; n > 0 {
		s.Share = float64(s.Caught) / float64(n)
	}
	return s
}

// print prints the survivors and the share, and returns the exit code.
func (s *summary) print(w io.Writer) (exit int) {
	for _, r := range s.Results {
		switch {
		case r.Error != "":
			fmt.Fprintf(w, "%s\n  no verdict: %s\n", r.point, r.Error)
		case r.verdict() == "survived" && r.Because == "":
			fmt.Fprintf(w, "%s\n  no failure in %d of %d specs that reach it\n",
				r.point, r.Tried, r.Reaching)
		}
	}
	fmt.Fprintf(w, "\n%d changes made of %d: %d caught (%.1f %%), %d survived, "+
		"%d survived and are explained",
		s.Made, s.Changes, s.Caught, 100*s.Share, s.Survived, s.Explained)
	exit = exitOK
	if s.Survived > 0 {
		exit = exitSurvivor
	}
	if s.Errors > 0 {
		fmt.Fprintf(w, ", %d without a verdict", s.Errors)
		exit = exitTrouble
	}
	fmt.Fprintln(w)
	return exit
}
