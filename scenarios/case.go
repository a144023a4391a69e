package scenarios

import (
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v4"

	"assay/scenarios/strictyaml"
)

// A Case is one row of a requirement's table.
type Case struct {
	Name string // unique in its requirement; "ID/name" identifies the case
	File string // "scenarios/byo.yaml"
	Line int    // where the row begins in the file, from 1

	id  string     // of the requirement
	row *yaml.Node // the row without its name
}

// UnmarshalYAML takes the name out of a row and keeps everything else for
// [Case.Decode], since only the requirement's spec knows the row's form.
func (c *Case) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return errors.New("a row: a mapping with case")
	}
	row := *n
	row.Content = nil
	c.Line, c.row = n.Line, &row
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value != "case" {
			row.Content = append(row.Content, key, value)
		} else if value.ShortTag() == "!!str" {
			c.Name = value.Value
		}
	}
	return nil
}

// Decode decodes the row, except its name, into the struct that into points to.
// A key that the struct lacks and a value of another type are errors: the error
// joins a [strictyaml.Mistake] for each. The zero Case decodes as an empty row.
func (c Case) Decode(into any) error {
	if c.row == nil {
		return nil
	}
	return strictyaml.DecodeNode(c.File, c.id+"/"+c.Name, c.row, into)
}

// MarshalJSON writes the row as the file has it, its name under "case".
func (c Case) MarshalJSON() ([]byte, error) {
	row := map[string]any{}
	if c.row != nil {
		if err := c.row.Load(&row); err != nil {
			return nil, err
		}
	}
	row["case"] = c.Name
	return json.Marshal(row)
}
