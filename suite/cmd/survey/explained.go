package main

import (
	"io/fs"
	"slices"

	"assay/fixtures/survivors"
)

// loadExplained reads the survivors that are explained. The error names one that is no
// change of the server.
func loadExplained(root fs.FS, points []point) ([]survivors.Survivor, error) {
	return survivors.Load(root, func(s survivors.Survivor) bool {
		return slices.ContainsFunc(points, func(p point) bool { return covers(s, p) })
	})
}

func covers(s survivors.Survivor, p point) bool {
	return s.File == p.File && s.Func == p.Func && s.Operator == p.Operator &&
		(s.Text == "" || oneLine(s.Text) == p.Text)
}

// explain returns why a survivor is no gap; "" if nothing says so.
func explain(known []survivors.Survivor, p point) string {
	for _, s := range known {
		if covers(s, p) {
			return s.Because
		}
	}
	return ""
}
