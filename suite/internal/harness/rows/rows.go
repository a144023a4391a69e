// Package rows holds rows of the catalogue's tables that a spec and walks try in the same
// way: the spec one by one, a walk all of them in the life of one server.
package rows

import (
	"fmt"

	"assay/scenarios"
	"assay/suite/internal/harness"
)

// Of returns the rows of a requirement's table, decoded as its spec decodes them.
func Of[Row any](e *harness.Env, id string) []Row {
	catalogue, err := scenarios.Load()
	e.Must(err)
	requirement, _, found := catalogue.Find(id)
	if !found {
		e.Must(fmt.Errorf("found no %s in the catalogue", id))
	}
	all := make([]Row, len(requirement.Cases))
	for i, c := range requirement.Cases {
		e.Must(c.Decode(&all[i]))
	}
	return all
}
