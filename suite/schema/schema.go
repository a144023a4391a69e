// Package schema holds the JSON Schemas of the files that Assay reads and writes:
// target files, the catalogue's chapters, and reports. Editors complete and check
// files by them, and programs can validate reports.
//
// The schemas are generated from the Go types that decode the files. They accept
// every file that Assay accepts, but not all of Assay's own checks can be expressed
// in a schema.
package schema

import (
	"embed"
	"fmt"
	"strings"
)

//go:generate go test -count=1 -run ^TestSchemasAreCurrent$ . -update

//go:embed *.schema.json
var files embed.FS

// The kinds of file that have a schema.
const (
	Target    = "target"
	Catalogue = "catalogue"
	Report    = "report"
)

// Kinds returns every kind of file that has a schema.
func Kinds() []string { return []string{Target, Catalogue, Report} }

// Of returns the JSON Schema (draft 2020-12) of a kind of file.
func Of(kind string) ([]byte, error) {
	text, err := files.ReadFile(kind + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("schema: found %q, expected one of %s", kind, strings.Join(Kinds(), ", "))
	}
	return text, nil
}
